//! What is told once at a server's start, each in one line that says what to do.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// So many addresses are named in a line.
const NAMED: usize = 4;

/// What others could do that whoever starts the server may not have meant: read the history in `dir`,
/// become root through a fault, read what goes over the network to `listening`, where plain text is spoken.
pub fn at_start(dir: Option<&Path>, listening: &[SocketAddr]) -> Vec<String> {
    let notes = [
        dir.and_then(of_history),
        of_user(),
        dir.and_then(of_owner),
        of_addresses(listening),
    ];
    notes.into_iter().flatten().collect()
}

/// The mode of the directory itself counts, and that of the files in it.
#[cfg(unix)]
fn of_history(dir: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let open_to_others = |path: &Path| {
        let mode = path.metadata().ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    };
    let files = || {
        let files = dir.read_dir().ok()?.filter_map(Result::ok);
        let mut paths: Vec<_> = files.map(|file| file.path()).collect();
        paths.sort();
        paths
            .into_iter()
            .find_map(|path| Some((open_to_others(&path)?, path)))
    };
    let (mode, path) = match open_to_others(dir) {
        Some(mode) => (mode, dir.to_path_buf()),
        None => files()?,
    };
    Some(format!(
        "the history is not private, as the mode of \"{}\" is {mode:04o}: chmod -R go= \"{}\" (for a \
         service of systemd: StateDirectoryMode=0700)",
        path.display(),
        dir.display()
    ))
}

#[cfg(not(unix))]
fn of_history(_dir: &Path) -> Option<String> {
    None
}

#[cfg(unix)]
fn of_user() -> Option<String> {
    rustix::process::geteuid().is_root().then(|| {
        "running as root, which a chat server need not do: start it as a user of its own (for a \
         service of systemd: DynamicUser=yes)"
            .into()
    })
}

#[cfg(not(unix))]
fn of_user() -> Option<String> {
    None
}

/// What root writes is root's, and a server of the user whose directory it is cannot open it.
#[cfg(unix)]
fn of_owner(dir: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let owner = dir.metadata().ok()?.uid();
    (rustix::process::geteuid().is_root() && owner != 0).then(|| {
        format!(
            "the history in \"{}\" is of the user {owner}, and what is written now will be root's, so that no server of that user \
             opens it any more: start it as that user, or chown -R {owner} \"{}\" afterwards",
            dir.display(),
            dir.display()
        )
    })
}

#[cfg(not(unix))]
fn of_owner(_dir: &Path) -> Option<String> {
    None
}

/// Variables of the environment that look like those of options and are none, in a line.
pub fn of_variables(unknown: &[(String, Option<String>)]) -> Option<String> {
    let told: Vec<String> = unknown
        .iter()
        .map(|(name, meant)| match meant {
            Some(meant) => format!("{name} (is {meant} meant?)"),
            None => name.clone(),
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "no option has these variables of the environment, which are ignored: {}",
            told.join(", ")
        )
    })
}

/// Every address that is not this machine's alone: a network at home has others on it, too.
fn of_addresses(listening: &[SocketAddr]) -> Option<String> {
    let open: Vec<_> = (listening.iter())
        .filter(|address| !address.ip().to_canonical().is_loopback())
        .collect();
    let mut named = String::new();
    for address in open.iter().take(NAMED) {
        let comma = if named.is_empty() { "" } else { ", " };
        let _ = write!(named, "{comma}{address}");
    }
    if let Some(more @ 1..) = open.len().checked_sub(NAMED) {
        let _ = write!(named, " and {more} more");
    }
    (!open.is_empty()).then(|| {
        format!(
            "other machines can connect to {named}, and all that is said goes over the network in plain \
             text, for others to read and to change: unless you trust that network, listen there with \
             --listen-tls in place of --listen, which needs nothing else (or let people in through a VPN, an \
             SSH tunnel or a TLS proxy)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_other_machines_are_told_and_those_of_this_one_are_not() {
        let note = |addresses: &[&str]| {
            let addresses: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
            of_addresses(&addresses)
        };
        assert_eq!(note(&[]), None);
        for here in [
            "127.0.0.1:1",
            "127.255.0.9:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert_eq!(note(&[here]), None);
        }
        for open in [
            "0.0.0.0:1",
            "[::]:1",
            "192.168.0.2:1",
            "192.0.2.7:1",
            "[fe80::1]:1",
            "[2001:db8::1]:1",
        ] {
            let told = note(&["127.0.0.1:5000", open]).unwrap();
            assert!(told.contains(&format!("connect to {open}, and")), "{told}");
        }
        let five = [
            "0.0.0.0:1",
            "0.0.0.0:2",
            "0.0.0.0:3",
            "0.0.0.0:4",
            "0.0.0.0:5",
        ];
        assert!(note(&five).unwrap().contains("0.0.0.0:4 and 1 more, and"));
        assert!(note(&five[1..]).unwrap().contains("0.0.0.0:5, and"));
    }

    #[cfg(unix)]
    #[test]
    fn a_history_that_others_can_read_is_told() {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt;
        let dir = std::env::temp_dir().join(format!("chat-notes-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let file = dir.join("a file");
        fs::write(&file, "").unwrap();
        let note = |of_dir, of_file| {
            fs::set_permissions(&dir, Permissions::from_mode(of_dir)).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(of_file)).unwrap();
            of_history(&dir)
        };
        assert_eq!(note(0o700, 0o600), None);
        for (of_dir, of_file, named) in [
            (0o755, 0o600, format!("{dir:?} is 0755")),
            (0o750, 0o644, format!("{dir:?} is 0750")),
            (0o701, 0o600, format!("{dir:?} is 0701")),
            (0o700, 0o644, format!("{file:?} is 0644")),
            (0o700, 0o640, format!("{file:?} is 0640")),
        ] {
            let told = note(of_dir, of_file).unwrap();
            assert!(
                told.contains(&named) && told.contains("chmod -R go= "),
                "{told}"
            );
            assert_eq!(told.lines().count(), 1);
        }
        assert_eq!(of_history(&dir.join("nowhere")), None);
        fs::remove_dir_all(dir).unwrap();
    }
}
