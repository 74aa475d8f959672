//! `chat-server admin`: asks a running server, and shows what it answers.

use super::protocol::{Answer, Ban, MAX_ANSWER, Request, Status, Used};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take that needs no copy of the history.
const TIME: Duration = Duration::from_secs(10);

/// Asks the server that listens at `path`; its answer, and the line that it came in.
///
/// # Errors
/// When no server runs there, or it does not answer.
pub fn ask(path: &Path, request: &Request) -> Result<(Answer, String), String> {
    let there = path.display();
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            format!("no server runs there: {there}: {error}")
        }
        ErrorKind::PermissionDenied => {
            format!("only the server's own user and root may ask: {there}: {error}")
        }
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("the server does not answer: {there}")
        }
        _ => format!("{there}: {error}"),
    };
    let asked = || {
        let mut stream = UnixStream::connect(path)?;
        let takes_long = matches!(request, Request::Backup { .. });
        stream.set_read_timeout((!takes_long).then_some(TIME))?;
        stream.set_write_timeout(Some(TIME))?;
        let line = serde_json::to_string(request)?;
        stream.write_all(format!("{line}\n").as_bytes())?;
        let mut answer = String::new();
        BufReader::new(stream.take(MAX_ANSWER)).read_line(&mut answer)?;
        Ok(answer)
    };
    let line: String = asked().map_err(failed)?;
    if line.is_empty() {
        return Err(format!("the server closed the connection: {there}"));
    }
    let answer = serde_json::from_str(&line).map_err(|error| format!("{there}: {error}"))?;
    Ok((answer, line))
}

/// An answer for people.
pub fn table(answer: &Answer) -> String {
    match answer {
        Answer::Status(status) => of_status(status),
        Answer::Who { people, more } => {
            let mut text = String::new();
            for person in people {
                let connection = person.connection.as_deref().unwrap_or("(waited for)");
                let address = person.address.as_deref().unwrap_or("-");
                let (name, rooms) = (&person.name, person.rooms.join(","));
                let _ = writeln!(text, "{name:<32} {connection:<12} {address:<24} {rooms}");
            }
            if *more > 0 {
                let _ = writeln!(text, "and {more} more");
            }
            text
        }
        Answer::Rooms { rooms, more } => {
            let mut text = String::new();
            for room in rooms {
                let _ = writeln!(text, "{:<32} {}", room.room, room.people);
            }
            if *more > 0 {
                let _ = writeln!(text, "and {more} more");
            }
            text
        }
        Answer::Said { people } => format!("told {people} in the room\n"),
        Answer::Kicked { whom } => format!("{whom} is gone\n"),
        Answer::Admin {
            name,
            is_admin: true,
        } => format!("{name} is an administrator\n"),
        Answer::Admin { name, .. } => format!("{name} is no administrator\n"),
        Answer::Freed { name } => format!("{name} belongs to nobody\n"),
        Answer::Ban {
            whom,
            is_banned: true,
            until,
            note,
        } => {
            let note = note.as_ref().map_or(String::new(), |it| format!("; {it}"));
            format!("{whom} is banned {}{note}\n", end(*until))
        }
        Answer::Ban { whom, .. } => format!("{whom} is banned no more\n"),
        Answer::Bans { bans } if bans.is_empty() => "nobody is banned\n".into(),
        Answer::Bans { bans } => bans.iter().map(of_ban).collect(),
        Answer::Reloaded {
            applied,
            needs_restart,
        } => {
            let list = |options: &[String]| match options {
                [] => "nothing".into(),
                some => some.join(", "),
            };
            format!(
                "in force now: {}\nneeds a restart: {}\n",
                list(applied),
                list(needs_restart)
            )
        }
        Answer::Draining {
            connections,
            is_already: true,
        } => format!("the server stops already; {connections} connections are left\n"),
        Answer::Draining { connections, .. } => {
            format!("{connections} connections are told goodbye; the server stops\n")
        }
        Answer::BackedUp { dir, entries } => {
            format!("{}: a copy of {entries} entries\n", dir.display())
        }
        Answer::Logging { level } => format!("log messages from now on: {level}\n"),
        Answer::Error { text } => format!("{text}\n"),
    }
}

/// When a ban ends.
fn end(until: Option<u64>) -> String {
    let moment = |it| jiff::Timestamp::from_millisecond(i64::try_from(it).ok()?).ok();
    match until {
        None => "for good".into(),
        Some(until) => match moment(until) {
            Some(moment) => format!("until {}", moment.strftime("%Y-%m-%d %H:%M:%S UTC")),
            None => format!("until {until} ms after 1970"),
        },
    }
}

/// A row of those who are kept out: by what, until when, by whom, why.
fn of_ban(ban: &Ban) -> String {
    let by = [&ban.whom, &ban.address].map(Option::as_deref);
    let by: Vec<&str> = by.into_iter().flatten().collect();
    let row = format!(
        "{:<48} {:<29} {:<16} {}",
        by.join(","),
        end(ban.until),
        ban.by,
        ban.reason
    );
    format!("{}\n", row.trim_end())
}

fn of_status(status: &Status) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let of = |it: Used| format!("{} of {}", it.used, it.limit);
    let mib = |bytes: u64| format!("{}.{} MiB", bytes >> 20, (bytes >> 10) % 1024 * 10 / 1024);
    rows.push(("version", status.version.clone()));
    rows.push(("uptime", uptime(status.uptime_seconds)));
    rows.push(("people", status.people.to_string()));
    rows.push(("connections", of(status.connections)));
    for (state, count) in &status.states {
        rows.push(("", format!("{count} {state}")));
    }
    rows.push(("hosts", String::new()));
    for host in &status.hosts {
        rows.push(("", format!("{} {}", host.connections, host.host)));
    }
    if status.more_hosts > 0 {
        rows.push(("", format!("and {} more hosts", status.more_hosts)));
    }
    let (first, last) = (status.first_entry, status.last_entry);
    rows.push(("entries", format!("{first} to {last}")));
    rows.push(("sessions waiting", of(status.detached_sessions)));
    rows.push(("bytes held", of(status.held_bytes)));
    rows.push(("furthest behind", of(status.behind_bytes)));
    if let Some(memory) = status.memory_bytes {
        rows.push(("memory", mib(memory)));
    }
    if let Some(disk) = &status.disk {
        let free = disk
            .free_bytes
            .map_or(String::new(), |it| format!(", {} free", mib(it)));
        let (used, dir) = (mib(disk.used_bytes), disk.dir.display());
        rows.push(("history", format!("{used} in {dir}{free}")));
    }
    if let Some(until) = status.certificate_until {
        let is_over = until < jiff::Timestamp::now().as_millisecond();
        let over = if is_over { ": it has run out" } else { "" };
        let until = u64::try_from(until).ok();
        rows.push((
            "certificate",
            format!("{}{over}", end(Some(until.unwrap_or(0)))),
        ));
    }
    if status.is_disk_full {
        rows.push(("disk", "full: nothing can be said".into()));
    }
    if status.is_stopping {
        rows.push(("state", "stopping".into()));
    }
    let mut text = String::new();
    for (name, value) in rows {
        let row = format!("{name:<17} {value}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

fn uptime(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    format!("{days} d {hours} h {minutes} min {seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_days_hours_minutes_and_seconds() {
        assert_eq!(uptime(0), "0 d 0 h 0 min 0 s");
        assert_eq!(uptime(86_399), "0 d 23 h 59 min 59 s");
        assert_eq!(uptime(90_061), "1 d 1 h 1 min 1 s");
    }
}
