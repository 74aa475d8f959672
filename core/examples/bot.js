#!/usr/bin/env node
// A bot: it answers everyone who says !time, each once, whatever happens to its connection.
//
//     node bot.js [--name NAME] [HOST:]PORT
//
// It needs nothing but Node's standard library. What it does about connections is what PROTOCOL.md,
// "A program that stays", asks for. Copy it, and put what your bot does into `answer`. What it knows
// is lost with its process: keep `hello` and `unsure` in a file if yours is to go on after that.
"use strict";

const net = require("node:net");
const { parseArgs } = require("node:util");

const LONGEST_LINE = 64 * 1024; // Of a server's line. None is as long.
const LONGEST_RETRY_AFTER = 300; // No server is waited for longer.
const ROOM_FULL_WAIT = 5; // After a goodbye that is not in JSON.

/** What the bot does: an answer to an entry, or null. */
function answer(entry) {
  if (entry.kind !== "said" || entry.text !== "!time") return null;
  return `it is ${new Date(entry.at).toISOString().slice(11, 19)} UTC`;
}

class Bot {
  constructor({ host, port, name, silence = 30, patience = 10, longestWait = 30 }) {
    Object.assign(this, { host, port, silence, patience, longestWait });
    this.hello = { version: 1, name };
    this.unsure = new Map(); // What was said and is not accepted yet, by id, in order.
    this.most = 0.5;
    this.connect();
  }

  /** One connection, to its end. */
  connect() {
    this.began = Date.now();
    this.isIn = this.isAsked = false;
    this.rest = Buffer.alloc(0);
    this.server = net.connect({ host: this.host, port: this.port });
    this.server.setNoDelay(true);
    this.server.on("connect", () => this.server.write(`JOIN ${JSON.stringify(this.hello)}\n`));
    this.server.on("data", (bytes) => this.received(bytes));
    this.server.on("error", (error) => this.lost(error.message));
    this.server.on("end", () => this.lost("the server closed the connection"));
    this.wait(this.patience); // For the connection and the welcome.
  }

  /** Something has to come in so many seconds. */
  wait(seconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.silent(), 1000 * seconds);
  }

  silent() {
    if (!this.isIn || this.isAsked) return this.lost("the server does not answer");
    this.isAsked = true;
    this.send({ type: "ping" });
    this.wait(this.patience);
  }

  /** The connection is of no use any more; the next one is tried in `seconds`, at least. */
  lost(why, seconds = 0) {
    if (!this.server) return;
    console.error(`* offline: ${why}`);
    clearTimeout(this.timer);
    this.server.removeAllListeners().on("error", () => {}).destroy();
    this.server = null;
    // Back-off with full jitter: a restarted server is not met by all its bots at once.
    if (Date.now() - this.began > 1000 * this.longestWait) this.most = 0.5;
    const wait = Math.random() * Math.min(this.most, this.longestWait);
    this.most = Math.min(2 * this.most, this.longestWait);
    setTimeout(() => this.connect(), 1000 * (seconds + wait));
  }

  received(bytes) {
    this.rest = Buffer.concat([this.rest, bytes]);
    // Without a connection any more, nothing of what is left counts.
    for (let end; this.server && (end = this.rest.indexOf(10)) >= 0; ) {
      const line = this.rest.toString("utf8", 0, end);
      this.rest = this.rest.subarray(end + 1);
      try {
        this.line(line);
      } catch (error) {
        this.lost(`the server sent what is not understood: ${error.message}`);
      }
    }
    if (this.server && this.rest.length > LONGEST_LINE) this.lost("the server sent a line that is too long");
  }

  /** A whole line: a sign of life. */
  line(line) {
    if (this.isIn) {
      this.isAsked = false;
      this.wait(this.silence);
    } else if (!line.startsWith("{")) {
      // Up to the welcome, what comes may be of the text dialect.
      if (line.startsWith("* Goodbye: ")) this.lost(line, ROOM_FULL_WAIT);
      return;
    }
    this.heard(JSON.parse(line));
  }

  heard(it) {
    for (const number of ["seq", "next", "head"]) {
      if (number in it && !Number.isSafeInteger(it[number])) throw new TypeError(`${number} is no number`);
    }
    switch (it.type) {
      case "welcome":
        return this.welcomed(it);
      case "entry":
        return this.happened(it);
      case "gap":
        // Whoever spoke in it is not answered.
        console.error("* gap:", it);
        this.hello.after = it.next - 1;
        return;
      case "accepted":
        this.unsure.delete(it.id);
        return;
      case "error":
        // It will not be said, now or later.
        console.error("* error:", it, "of", this.unsure.get(it.id));
        this.unsure.delete(it.id);
        return;
      case "bye":
        if (it.retry_after_ms === undefined) {
          console.error(`* over: ${it.text}`);
          process.exit(1);
        }
        return this.lost(it.text, Math.min(it.retry_after_ms / 1000, LONGEST_RETRY_AFTER));
    }
  }

  welcomed(it) {
    this.isIn = true;
    this.wait(this.silence);
    if (this.hello.epoch !== undefined && this.hello.epoch !== it.epoch) {
      this.hello.after = 0; // The numbers are of another log: all of this one follows.
    }
    this.hello.after ??= it.head;
    Object.assign(this.hello, { session: it.session, epoch: it.epoch, name: it.name });
    console.error(`* online as ${it.name}`);
    for (const say of this.unsure.values()) this.send(say);
  }

  happened(entry) {
    if (entry.seq === undefined) throw new TypeError("an entry without a number");
    if (entry.seq <= this.hello.after) return; // It is known.
    this.hello.after = entry.seq;
    const text = answer(entry);
    if (text === null) return;
    // An id that follows from what is answered: however often this is sent, it is said once.
    const id = `${entry.epoch.slice(0, 16)}-${entry.seq}`;
    this.unsure.set(id, { type: "say", id, text });
    this.send(this.unsure.get(id));
  }

  send(it) {
    this.server?.write(`${JSON.stringify(it)}\n`);
  }

  leave() {
    if (!this.server) process.exit(0);
    this.server.end(`${JSON.stringify({ type: "leave" })}\n`, () => process.exit(0));
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", default: "clock" },
    silence: { type: "string", default: "30" },
    patience: { type: "string", default: "10" },
    "longest-wait": { type: "string", default: "30" },
  },
});
const address = positionals[0] ?? "";
const [, host, port] = /^(?:\[?(.*?)\]?:)?(\d+)$/.exec(address) ?? [];
if (port === undefined) {
  console.error("usage: node bot.js [--name NAME] [HOST:]PORT");
  process.exit(2);
}
const bot = new Bot({
  host: host || "127.0.0.1",
  port: Number(port),
  name: values.name,
  silence: Number(values.silence),
  patience: Number(values.patience),
  longestWait: Number(values["longest-wait"]),
});
process.on("SIGINT", () => bot.leave());
