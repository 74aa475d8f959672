#!/usr/bin/env python3
"""A bot: it answers everyone who says !time, each once, whatever happens to its connection.

    python3 bot.py [--name NAME] [HOST:]PORT

It needs nothing but Python's standard library. What it does about connections is what PROTOCOL.md,
"A program that stays", asks for. Copy it, and put what your bot does into `Clock`. What it knows is
lost with its process: keep `Bot.hello` and `Bot.unsure` in a file if yours is to go on after that.
"""

import argparse
import datetime
import json
import random
import socket
import sys
import time

LONGEST_LINE = 64 * 1024  # Of a server's line. None is as long.
LONGEST_RETRY_AFTER = 300.0  # No server is waited for longer.
ROOM_FULL_WAIT = 5.0  # After a goodbye that is not in JSON.


class Clock:
    """What the bot does: an answer to an entry, or None."""

    def answer(self, entry):
        if entry["kind"] == "said" and entry["text"] == "!time":
            at = datetime.datetime.fromtimestamp(entry["at"] / 1000, datetime.timezone.utc)
            return f"it is {at:%H:%M:%S} UTC"
        return None


class Lost(Exception):
    """The connection is of no use any more, and why. `wait`: so many seconds are to pass, at least."""

    def __init__(self, why, wait=0.0):
        super().__init__(why)
        self.wait = wait


class Over(Exception):
    """The server will not have this bot, and trying again is of no use."""


class Bot:
    def __init__(self, address, name, clock, silence=30.0, patience=10.0, longest_wait=30.0):
        self.address, self.clock = address, clock
        self.silence, self.patience, self.longest_wait = silence, patience, longest_wait
        self.hello = {"version": 1, "name": name}
        self.unsure = {}  # What was said and is not accepted yet, by id, in order.
        self.server, self.rest = None, b""

    def run(self):
        """Never returns: raises Over."""
        most = 0.5
        while True:
            began, wait = time.monotonic(), 0.0
            try:
                self.stay()
            except Over:
                raise
            except Exception as why:  # Whatever the server has said: it ends the connection, not the program.
                wait = getattr(why, "wait", wait)
                print(f"* offline: {why}", file=sys.stderr)
            finally:
                if self.server:
                    self.server.close()
                self.server, self.rest = None, b""
            # Back-off with full jitter: a restarted server is not met by all its bots at once.
            if time.monotonic() - began > self.longest_wait:
                most = 0.5
            time.sleep(wait + random.uniform(0, min(most, self.longest_wait)))
            most = min(2 * most, self.longest_wait)

    def stay(self):
        """One connection, to its end."""
        self.server = socket.create_connection(self.address, timeout=self.patience)
        self.server.sendall(b"JOIN " + json.dumps(self.hello).encode() + b"\n")
        self.welcomed(self.welcome())
        asked = False
        while True:
            try:
                line = self.line(self.patience if asked else self.silence)
            except socket.timeout:
                if asked:
                    raise Lost("the server does not answer") from None
                self.send({"type": "ping"})
                asked = True
                continue
            asked = False
            self.heard(json.loads(line))

    def welcome(self):
        """The server's first object. What comes before it may be of the text dialect."""
        until = time.monotonic() + self.patience
        while True:
            line = self.line(max(until - time.monotonic(), 0.001))
            if line.startswith(b"* Goodbye: "):
                raise Lost(line.decode(errors="replace"), wait=ROOM_FULL_WAIT)
            if line.startswith(b"{"):
                it = json.loads(line)
                if it["type"] == "bye":
                    self.goodbye(it)
                if it["type"] == "welcome":
                    return it

    def welcomed(self, it):
        if self.hello.get("epoch", it["epoch"]) != it["epoch"]:
            self.hello["after"] = 0  # The numbers are of another log: all of this one follows.
        self.hello.setdefault("after", it["head"])
        self.hello |= {key: it[key] for key in ("session", "epoch", "name")}
        print(f"* online as {it['name']}", file=sys.stderr)
        for say in self.unsure.values():
            self.send(say)

    def heard(self, it):
        kind = it["type"]
        if kind == "entry":
            self.happened(it)
        elif kind == "gap":
            # Whoever spoke in it is not answered.
            print(f"* gap: {it}", file=sys.stderr)
            self.hello["after"] = it["next"] - 1
        elif kind == "accepted":
            self.unsure.pop(it.get("id"), None)
        elif kind == "error":
            # It will not be said, now or later.
            refused = self.unsure.pop(it.get("id"), None)
            print(f"* error: {it}, of {refused}", file=sys.stderr)
        elif kind == "bye":
            self.goodbye(it)

    def happened(self, entry):
        if entry["seq"] <= self.hello["after"]:
            return  # It is known.
        text = self.clock.answer(entry)
        if text is not None:
            # An id that follows from what is answered: however often this is sent, it is said once.
            given = f"{entry['epoch'][:16]}-{entry['seq']}"
            self.unsure[given] = {"type": "say", "id": given, "text": text}
        self.hello["after"] = entry["seq"]
        if text is not None:
            self.send(self.unsure[given])

    def goodbye(self, it):
        if "retry_after_ms" not in it:
            raise Over(it["text"])
        wait = min(max(0.0, it["retry_after_ms"] / 1000), LONGEST_RETRY_AFTER)
        raise Lost(it["text"], wait=wait)

    def send(self, it):
        self.server.settimeout(self.patience)
        self.server.sendall(json.dumps(it).encode() + b"\n")

    def line(self, patience):
        """The next line, if it comes in time: `patience` is for all of it, however it trickles."""
        until = time.monotonic() + patience
        while b"\n" not in self.rest:
            self.server.settimeout(max(until - time.monotonic(), 0.001))
            more = self.server.recv(64 * 1024)
            if not more:
                raise Lost("the server closed the connection")
            self.rest += more
            if time.monotonic() > until and b"\n" not in self.rest:
                raise socket.timeout
            if len(self.rest) > LONGEST_LINE and b"\n" not in self.rest:
                raise Lost("the server sent a line that is too long")
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def leave(self):
        if self.server:
            self.send({"type": "leave"})


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("address", metavar="[HOST:]PORT")
    options.add_argument("--name", default="clock")
    options.add_argument("--silence", type=float, default=30.0, help="seconds without a line until it asks")
    options.add_argument("--patience", type=float, default=10.0, help="seconds that an answer may take")
    options.add_argument("--longest-wait", type=float, default=30.0, help="seconds between two attempts, at most")
    options = options.parse_args()
    host, _, port = options.address.rpartition(":")
    address = (host.strip("[]") or "127.0.0.1", int(port))
    bot = Bot(address, options.name, Clock(), options.silence, options.patience, options.longest_wait)
    try:
        bot.run()
    except Over as why:
        sys.exit(f"* over: {why}")
    except KeyboardInterrupt:
        bot.leave()


if __name__ == "__main__":
    main()
