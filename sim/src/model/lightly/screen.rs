//! The screen, read as the entries that it shows.

use super::heard::has_address;
use super::{Lightly, OfAddress, Stay, View, Watched};
use crate::invariant::Invariant;
use crate::model::rules::folded;
use chat_core::json::Hello;
use chat_core::{Kind, Name, Network, Order, Record, RoomName};
use serde_json::Value;

impl View {
    /// It sends bytes: what it orders of addresses is known from that alone.
    pub(super) fn sends(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
        while let Some(end) = self.sent.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.sent.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(hello) = line.strip_prefix("JOIN ")
                && let Ok(hello) = Hello::decode(hello)
                && hello.read == Some(true)
            {
                let asked = hello.room.as_deref().unwrap_or("lobby");
                self.reads = RoomName::parse(asked).ok().map(|room| (room, 0));
            }
            self.is_apart |=
                line.starts_with("JOIN {") || line.trim_start().starts_with("/history");
            let words = line.split(|c: char| c.is_whitespace() || c == '"');
            for word in words {
                if has_address(word) {
                    self.typed.insert(word.into());
                }
            }
            self.addresses.extend(of_address(&line));
            self.claims.extend(claimed_with(&line));
        }
    }
}

impl Watched {
    /// A peer has a name from now on.
    pub(super) fn is_called(&mut self, who: usize, name: &Name) {
        let key = folded(name.as_str());
        self.peers[who].has_name(name.clone());
        let light = self.light();
        let goes_on = light.law.is_here(&key);
        // A name that it had by joining in silence is its own until the screen has shown that it has left.
        let before = light.named.insert(key, who).filter(|it| *it != who);
        if let (Some(before), true) = (before, goes_on) {
            // It goes on with a session.
            let stays = light.views[before].stays.clone();
            light.views[who].stays.extend(stays);
        }
    }

    /// Reads what is new on the screen.
    pub(super) fn read_screen(&mut self) {
        let mut news = Vec::new();
        let lost = self.server.transcript(|part| news.extend_from_slice(part));
        self.lost |= lost > 0;
        if self.lost {
            return;
        }
        let Ok(news) = String::from_utf8(news) else {
            Invariant::WholeLines.is_broken("the screen is not UTF-8")
        };
        let at = self.seen / 1000;
        let claims = self.light().law.accounts.all();
        let names: Vec<String> = claims.map(|it| it.name.clone()).collect();
        let is_gone = |name: &String| {
            Name::parse(name).is_ok_and(|name| self.server.is_admin(&name).is_none())
        };
        let gone: Vec<String> = names.into_iter().filter(is_gone).collect();
        let light = self.light();
        light.law.may_be_unclaimed(&gone);
        for shown in news.lines() {
            light.lines.push(shown.into());
            light.shows(shown, at);
        }
        light.law.are_unclaimed(&gone);
        for name in gone {
            light.passwords.remove(&folded(&name));
        }
    }
}

impl Lightly {
    /// A peer sends bytes.
    pub(super) fn sends(&mut self, who: usize, bytes: &[u8]) {
        let view = &mut self.views[who];
        let has_read = view.reads.is_some();
        view.sends(bytes);
        if let Some((room, since)) = view.reads.as_mut().filter(|_| !has_read) {
            *since = self.stories.get(room).map_or(0, Vec::len);
        }
    }

    /// Whether everyone may join a room from an entry on, or no more.
    fn opens(&mut self, room: &RoomName, nth: usize, order: &str) {
        let all = self.open.entry(room.clone()).or_default();
        let is_open = all.last().is_none_or(|(_, to)| to.is_none());
        match Order::parse(order) {
            Some(Order::Private(true) | Order::Close(_)) if is_open => match all.last_mut() {
                Some((_, to)) => *to = Some(nth),
                None => all.push((0, Some(nth))),
            },
            Some(Order::Private(false) | Order::Reopen) if !is_open => all.push((nth, None)),
            _ => {}
        }
    }

    /// Whether an entry of a room may be sent to one who reads it since it had so many: there was a time after both when everyone
    /// might join, or the entry ended that.
    pub(super) fn may_be_read(&self, room: &RoomName, nth: usize, since: usize) -> bool {
        let all = self.open.get(room).map_or(&[][..], Vec::as_slice);
        let is_open =
            |(_, to): &(usize, Option<usize>)| to.is_none_or(|to| nth <= to && since <= to);
        all.is_empty() || all.iter().any(is_open)
    }

    /// A line of the screen.
    fn shows(&mut self, shown: &str, at: u64) {
        let other = shown.strip_prefix('[').and_then(|it| it.split_once("] "));
        let (room, line) = match other {
            Some((room, line)) => (RoomName::parse(room).unwrap_or_default(), line),
            None => (RoomName::LOBBY, shown),
        };
        let entries = self.stories.entry(room.clone()).or_default();
        let nth = entries.len();
        entries.push(line.into());
        let Some(record) = self.record(&room, line, at) else {
            Invariant::WholeLines.is_broken(&format!("{line:?} is on the screen"))
        };
        self.law.follow(&record);
        if record.kind == Kind::Order {
            self.opens(&room, nth, &record.text);
        }
        let key = folded(record.name.as_str());
        match record.kind {
            Kind::Joined => {
                if let Some(view) = self.view(&key) {
                    let (from, to) = (nth + 1, None);
                    view.stays.push(Stay {
                        room,
                        key,
                        from,
                        to,
                    });
                }
            }
            Kind::Left => {
                if let Some(view) = self.view(&key) {
                    let mut stays = view.stays.iter_mut().rev();
                    let is_it = |it: &&mut Stay| (&it.room, &it.key, it.to) == (&room, &key, None);
                    let stay = stays.find(is_it);
                    if let Some(stay) = stay {
                        stay.to = Some(nth);
                    }
                }
            }
            Kind::Renamed => {
                let after = folded(&record.text);
                let peer = self.named.remove(&key);
                let peer = peer.or_else(|| self.named.get(&after).copied());
                if let Some(peer) = peer {
                    self.named.insert(after.clone(), peer);
                    let stays = self.views[peer].stays.iter_mut();
                    for stay in stays.filter(|it| it.to.is_none() && it.key == key) {
                        stay.key.clone_from(&after);
                    }
                }
            }
            _ => {}
        }
    }

    fn view(&mut self, key: &str) -> Option<&mut View> {
        let peer = self.named.get(key)?;
        self.views.get_mut(*peer)
    }

    /// What a line says that happened.
    fn record(&mut self, room: &RoomName, line: &str, at: u64) -> Option<Record> {
        let record = |kind, name: &str, text: &str| {
            Some(Record {
                room: room.clone(),
                seq: 0,
                at,
                kind,
                name: Name::parse(name).ok()?,
                text: text.into(),
                sender: None,
                id: None,
            })
        };
        if let Some((name, text)) = line.strip_prefix("** ").and_then(|it| it.split_once(' ')) {
            return record(Kind::Acted, name, text);
        }
        let (name, rest) = line.split_once(' ')?;
        if let Some(name) = name.strip_suffix(':') {
            return record(Kind::Said, name, rest);
        }
        if let Some(new) = rest.strip_prefix("is now known as ") {
            return record(Kind::Renamed, name, new);
        }
        if let Some(text) = rest.strip_prefix("has set the topic: ") {
            return record(Kind::Topic, name, text);
        }
        match rest {
            "has joined the chat" => record(Kind::Joined, name, ""),
            "has left the chat" => record(Kind::Left, name, ""),
            "has taken the topic away" => record(Kind::Topic, name, ""),
            _ => {
                let order = self.order(room, name, rest)?;
                record(Kind::Order, name, &order)
            }
        }
    }

    /// What is ordered, by its words, as it would be kept.
    fn order(&mut self, room: &RoomName, by: &str, words: &str) -> Option<String> {
        let last = self.law.accounts.last;
        let name = |text: &str| Name::parse(text).ok();
        // Those before it were refused. Where it may be one of several, nothing is known of whom that keeps out.
        let address = |light: &mut Self, is_ban: bool, time: Option<u32>| {
            let peer = light.named.get(&folded(by)).copied()?;
            let typed = &mut light.views.get_mut(peer)?.addresses;
            let is_it =
                |it: &OfAddress| it.network.is_some() && (it.is_ban, it.time) == (is_ban, time);
            let nth = typed.iter().position(is_it)?;
            let network = typed[nth].network;
            let is_one = typed
                .iter()
                .filter(|it| is_it(it))
                .all(|it| it.network == network);
            typed.drain(..=nth);
            if !is_one {
                light.law.is_in_doubt(room);
            }
            network
        };
        let order = if words == "owns this room" {
            Order::Own(last)
        } else if words == "has made the room private" {
            Order::Private(true)
        } else if words == "has opened the room to everyone" {
            Order::Private(false)
        } else if words == "lets everyone speak as fast as they like" {
            Order::Slow(0)
        } else if let Some(rest) = words.strip_prefix("limits everyone to one line every ") {
            Order::Slow(rest.strip_suffix(" s")?.parse().ok()?)
        } else if let Some(rest) = words.strip_prefix("has made ") {
            Order::Op(name(rest.strip_suffix(" an operator")?)?, last)
        } else if let Some(rest) = words.strip_prefix("has taken the operator's rights from ") {
            Order::Deop(name(rest)?)
        } else if let Some(rest) = words.strip_prefix("has removed ") {
            let (whom, why) = rest.split_once(": ").unwrap_or((rest, ""));
            return Some(Order::Kick(name(whom)?, why).to_text());
        } else if let Some(rest) = words.strip_prefix("has banned ") {
            let (whom, reason) = rest.split_once(": ").unwrap_or((rest, ""));
            let (whom, span) = whom
                .split_once(" for ")
                .map_or((whom, None), |it| (it.0, Some(it.1)));
            let time = span.and_then(time);
            let (whom, from) = if whom == "an address" {
                (None, Some(address(self, true, time)?))
            } else {
                let whom = name(whom)?;
                let host = self.host_named(room, whom.as_str());
                (Some(whom), host)
            };
            return Some(
                Order::Ban {
                    whom,
                    from,
                    time,
                    reason,
                }
                .to_text(),
            );
        } else if let Some(rest) = words.strip_prefix("has lifted the ban of ") {
            if rest == "an address" {
                Order::Unban(None, Some(address(self, false, None)?))
            } else {
                Order::Unban(Some(name(rest)?), None)
            }
        } else if let Some(rest) = words.strip_prefix("has muted ") {
            let (whom, span) = rest
                .split_once(" for ")
                .map_or((rest, None), |it| (it.0, Some(it.1)));
            let whom = name(whom)?;
            let from = self.host_named(room, whom.as_str());
            Order::Mute(whom, span.and_then(time), from)
        } else if let Some(rest) = words.strip_prefix("lets ") {
            let whom = name(rest.strip_suffix(" speak again")?)?;
            let from = self.host_named(room, whom.as_str());
            Order::Unmute(whom, from)
        } else if let Some(rest) = words.strip_prefix("has invited ") {
            Order::Invite(name(rest)?)
        } else {
            return None;
        };
        Some(order.to_text())
    }

    /// From where somebody comes who is in a room, where that counts.
    fn host_named(&self, room: &RoomName, whom: &str) -> Option<Network> {
        let host = self.law.host_in(room, whom)?;
        Network::parse(&host.to_string())
    }
}

/// What a line orders of an address, in either dialect.
fn of_address(line: &str) -> Option<OfAddress> {
    let (command, whom, time) = if line.trim_start().starts_with('{') {
        let object: Value = serde_json::from_str(line).ok()?;
        let member = |name: &str| object[name].as_str().map(str::to_string);
        (member("do")?, member("whom")?, object["for_s"].as_u64())
    } else {
        let mut words = line.trim().strip_prefix('/')?.split_whitespace();
        let command = words.next()?.to_ascii_lowercase();
        let whom = words.next()?.to_string();
        (command, whom, words.next().and_then(time).map(u64::from))
    };
    let is_ban = command == "ban";
    let is_either = is_ban || command == "unban";
    let network = Network::parse(&whom);
    if !is_either {
        return None;
    }
    let time = time.and_then(|time| u32::try_from(time).ok());
    Some(OfAddress {
        is_ban,
        network,
        time,
    })
}

/// The password with which a line claims a name, in either dialect.
fn claimed_with(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('{') {
        let object: Value = serde_json::from_str(line).ok()?;
        let password = object["password"].as_str().map(str::to_string);
        return password.filter(|_| object["type"] == "claim");
    }
    let (command, password) = line.split_once(char::is_whitespace)?;
    let is_it = command.eq_ignore_ascii_case("/claim");
    is_it.then(|| password.trim().into())
}

/// A time in words, in seconds.
fn time(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let times = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(times)
}
