//! Which of several names a mistyped one was meant to be.

use chat_core::slips;

/// The longest word that is compared, in bytes: no option's name is nearly as long.
const LONGEST: usize = 64;

/// The name that a word was most probably meant to be, if there is one: the same in another spelling, or what is a few slips away.
pub fn nearest(word: &str, names: impl Iterator<Item = String>) -> Option<String> {
    if word.len() > LONGEST {
        return None;
    }
    let word = plain(word);
    let slips = |name: &str| slips(word.as_bytes(), plain(name).as_bytes());
    let all = names.map(|name| (slips(&name), name));
    let (count, name) = all.min_by_key(|(count, _)| *count)?;
    let is_part = |a: &str, b: &str| a.len() > 3 && b.contains(a);
    let is_near = count <= 1 + name.len() / 5;
    (is_near || is_part(&word, &plain(&name)) || is_part(&plain(&name), &word)).then_some(name)
}

/// A name as it is whoever writes it.
fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_that_is_nearly_the_word() {
        let names = [
            "listen",
            "listen_tls",
            "rate",
            "host_rate",
            "max_connections",
        ];
        for (word, meant) in [
            ("lisen", Some("listen")),
            ("LISTEN", Some("listen")),
            ("listen-tls", Some("listen_tls")),
            ("max-connections", Some("max_connections")),
            ("maxConnections", Some("max_connections")),
            ("connections", Some("max_connections")),
            ("hostrate", Some("host_rate")),
            ("colour", None),
            ("", None),
        ] {
            let found = nearest(word, names.iter().map(ToString::to_string));
            assert_eq!(found.as_deref(), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(65), ["x".repeat(65)].into_iter()), None);
    }
}
