//! What the client machine and the line editor say, in each language: they say it in English, and are told apart by that.

use super::messages::{Language, fill};
use std::borrow::Cow;

/// Each in English, as it is said, and in German. `{}` are its parts, in order.
#[rustfmt::skip]
const TOLD: &[(&str, &str)] = &[
    // The client machine.
    ("Back.", "Zurück."),
    ("Back, as {}: the others have seen you leave and join.", "Zurück, als {}: die anderen haben dich gehen und kommen sehen."),
    ("You are still {}: your session goes on.", "Du bist noch {}: deine Sitzung geht weiter."),
    ("You will be in {} when there is a connection again.", "Du bist in {}, sobald wieder eine Verbindung da ist."),
    ("You are not in {}.", "Du bist nicht in {}."),
    ("Nobody knows whether this has arrived: \"{}\"", "Niemand weiß, ob das angekommen ist: \"{}\""),
    ("From here, you come back as {} without the password. /devices lists where you do.", "Von hier kommst du ohne Passwort als {} zurück. /devices zeigt, wo das so ist."),
    ("Gap: the server's log has lost its end: entry {} was shown in {}, and it goes on with entry {}.", "Lücke: dem Server fehlt das Ende: Eintrag {} wurde in {} gezeigt, und es geht mit Eintrag {} weiter."),
    ("Gap: the server has another log now; what it has of it follows.", "Lücke: der Server hat jetzt ein anderes Protokoll; was er davon hat, folgt."),
    ("Gap: the server does not have everything any more that was shown in {}.", "Lücke: der Server hat nicht mehr alles, was in {} gezeigt wurde."),
    ("Gap: 1 entry is missing in {}; the server does not have it any more.", "Lücke: 1 Eintrag fehlt in {}; der Server hat ihn nicht mehr."),
    ("Gap: {} entries are missing in {}; the server does not have them any more.", "Lücke: {} Einträge fehlen in {}; der Server hat sie nicht mehr."),
    ("Waiting up to 8 s for the server to close the connection. Ctrl-C ends at once.", "Wartet bis zu 8 s, dass der Server die Verbindung schließt. Ctrl-C beendet sofort."),
    ("Waiting up to {} s for 1 line to be accepted. Ctrl-C ends at once.", "Wartet bis zu {} s, dass 1 Zeile angenommen wird. Ctrl-C beendet sofort."),
    ("Waiting up to {} s for {} lines to be accepted. Ctrl-C ends at once.", "Wartet bis zu {} s, dass {} Zeilen angenommen werden. Ctrl-C beendet sofort."),
    ("Everything that you said is accepted.", "Alles, was du gesagt hast, ist angenommen."),
    ("1 line is not accepted yet:", "1 Zeile ist noch nicht angenommen:"),
    ("{} lines are not accepted yet:", "{} Zeilen sind noch nicht angenommen:"),
    ("It is being tried right now.", "Es wird gerade versucht."),
    ("You are online; there is nothing to retry.", "Du bist verbunden; es gibt nichts zu versuchen."),
    ("Not done: you are in {} rooms besides the lobby, and these are the most. /part from one first.", "Nicht getan: du bist außer in der Lobby in {} Räumen, und mehr gehen nicht. Verlasse erst einen mit /part."),
    ("Not done: that is you.", "Nicht getan: das bist du."),
    ("Not done: you ignore {} people, and these are the most.", "Nicht getan: von {} Leuten zeigst du schon nichts, und mehr gehen nicht."),
    ("Not done: \"{}\" is not a name: {}.", "Nicht getan: \"{}\" ist kein Name: {}."),
    ("What {} says, does, or writes to you alone is not shown from now on; that they come, go, or take another name is. /unignore {} ends that.", "Was {} sagt, tut oder dir allein schreibt, wird von nun an nicht gezeigt; Kommen, Gehen und andere Namen schon. /unignore {} beendet das."),
    ("What {} says is shown again.", "Was {} sagt, wird wieder gezeigt."),
    ("You ignore {} already. /unignore {} ends that.", "Von {} zeigst du schon nichts. /unignore {} beendet das."),
    ("You do not ignore {}. /ignore lists whom you do.", "Von {} wird alles gezeigt. /ignore zeigt, von wem nicht."),
    ("You ignore nobody. /ignore NAME has nothing shown of what NAME says.", "Es wird von allen alles gezeigt. Mit /ignore NAME wird von NAME nichts gezeigt."),
    ("You ignore {}.", "Nichts wird gezeigt von {}."),
    ("Not sent: the line is longer than {} bytes.", "Nicht gesendet: die Zeile ist länger als {} Bytes."),
    ("Not sent: the line is not UTF-8.", "Nicht gesendet: die Zeile ist kein UTF-8."),
    ("Not sent: you have not joined.", "Nicht gesendet: du bist noch nicht dabei."),
    ("Not done: there is no connection to the server now.", "Nicht getan: es ist keine Verbindung zum Server da."),
    // The line editor.
    ("Not edited elsewhere: a password is part of it, and is written to no file.", "Nicht woanders bearbeitet: ein Passwort ist darin, und das wird in keine Datei geschrieben."),
    ("Not sent: a command takes one line, and a line that begins with / is one. With // it is said.", "Nicht gesendet: ein Befehl steht auf einer Zeile, und eine Zeile, die mit / beginnt, ist einer. Mit // wird sie gesagt."),
    ("Not sent: the line has {} bytes; {} are the most.", "Nicht gesendet: die Zeile hat {} Bytes; mehr als {} gehen nicht."),
    ("Not said: {} takes a password, which nobody else is to see. Type it at the beginning of a line of its own; /{} says it.", "Nicht gesagt: {} nimmt ein Passwort, das sonst niemand sehen soll. Tippe es am Anfang einer eigenen Zeile; /{} sagt es."),
    ("Not taken yet: what was entered before still waits to be sent.", "Noch nicht genommen: was vorher eingegeben wurde, wartet noch."),
    ("The line is longer than {} bytes: it cannot be sent before it is shorter.", "Die Zeile ist länger als {} Bytes: sie kann erst gesendet werden, wenn sie kürzer ist."),
    ("Not taken: {} more bytes make the line too long.", "Nicht genommen: mit {} Bytes mehr wird die Zeile zu lang."),
    ("Not taken: what was pasted is no answer to a question.", "Nicht genommen: Eingefügtes ist keine Antwort auf eine Frage."),
    ("Not taken: {} bytes were pasted; {} are the most.", "Nicht genommen: {} Bytes wurden eingefügt; mehr als {} gehen nicht."),
    ("Not taken: {} lines were pasted, and one is asked for.", "Nicht genommen: {} Zeilen wurden eingefügt, und gefragt ist eine."),
    ("Not sent: line {} of what was pasted has {} bytes; {} are the most.", "Nicht gesendet: Zeile {} des Eingefügten hat {} Bytes; mehr als {} gehen nicht."),
    ("Not sent: the last line of what was pasted is too long.", "Nicht gesendet: die letzte Zeile des Eingefügten ist zu lang."),
    ("As one line it has {} bytes; {} are the most.", "Als eine Zeile hat es {} Bytes; mehr als {} gehen nicht."),
    ("Not taken: it has {} bytes; {} are the most.", "Nicht genommen: es hat {} Bytes; mehr als {} gehen nicht."),
    ("Not taken: what came before the question could be seen is no answer.", "Nicht genommen: was kam, bevor die Frage zu sehen war, ist keine Antwort."),
    ("Password (it is not shown): ", "Passwort (es wird nicht gezeigt): "),
    ("The same password again: ", "Dasselbe Passwort noch einmal: "),
    ("Not sent: the two passwords are not the same.", "Nicht gesendet: die beiden Passwörter sind nicht gleich."),
    ("Say {} pasted lines? y: yes, n: no, o: as one ", "{} eingefügte Zeilen sagen? y: ja, n: nein, o: als eine "),
    ("Say {} lines? y: yes, n: no, o: as one ", "{} Zeilen sagen? y: ja, n: nein, o: als eine "),
    ("Say \"{}\" to everyone? y: yes, n: no (then LEAVE leaves) ", "Allen \"{}\" sagen? y: ja, n: nein (dann geht man mit LEAVE) "),
    ("Say \"{}\" to everyone? y: yes, n: no (/help lists the commands) ", "Allen \"{}\" sagen? y: ja, n: nein (/help zeigt die Befehle) "),
];

/// What is told of a connection that is lost, with one of [`CLAUSES`] as its part.
const OFFLINE: (&str, &str) = (
    "Offline: {}. Trying again.",
    "Getrennt: {}. Wird wieder versucht.",
);

/// Why there is no connection. What a server sent, and what the system says, is as it is.
#[rustfmt::skip]
const CLAUSES: &[(&str, &str)] = &[
    ("could not connect within {} s", "keine Verbindung innerhalb von {} s"),
    ("could not connect to {}", "keine Verbindung zu {}"),
    ("the connection was lost: {}", "die Verbindung ging verloren: {}"),
    ("the server closed the connection", "der Server hat die Verbindung geschlossen"),
    ("the server closed the connection without a welcome", "der Server hat die Verbindung ohne Willkommen geschlossen"),
    ("the server did not send everything", "der Server hat nicht alles gesendet"),
    ("the server does not answer", "der Server antwortet nicht"),
    ("the server sent no welcome within {} s", "der Server hat innerhalb von {} s kein Willkommen gesendet"),
    ("the server sent a line that is too long", "der Server hat eine zu lange Zeile gesendet"),
    ("the server sent something that is not understood", "der Server hat etwas Unverständliches gesendet"),
    ("the server broke the connection off ({}): {}", "der Server hat die Verbindung abgebrochen ({}): {}"),
    ("the server speaks TLS there: write tls:// before its address", "der Server spricht dort TLS: schreibe tls:// vor seine Adresse"),
    ("this is no chat server: {}", "das ist kein Chat-Server: {}"),
];

impl Language {
    /// What the client machine or the line editor say, in this language; what is none of that, as it is.
    pub fn told(self, text: &str) -> Cow<'_, str> {
        let german = match self {
            Self::English => None,
            Self::German => german(text),
        };
        german.map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

fn german(text: &str) -> Option<String> {
    let star = if text.starts_with("* ") { "* " } else { "" };
    let rest = &text[star.len()..];
    let told = find(TOLD, rest)
        .or_else(|| {
            let why = *parts(OFFLINE.0, rest)?.first()?;
            let why = find(CLAUSES, why).unwrap_or_else(|| why.into());
            Some(fill(OFFLINE.1, &[&why]))
        })
        .or_else(|| sentence(rest))?;
    Some(format!("{star}{told}"))
}

/// A clause that stands alone: it begins with a large letter then, and ends with a full stop.
fn sentence(text: &str) -> Option<String> {
    let clause = text.strip_suffix('.')?;
    let (first, rest) = clause.split_at_checked(1)?;
    let told = find(CLAUSES, &format!("{}{rest}", first.to_ascii_lowercase()))?;
    let mut letters = told.chars();
    let first = letters.next()?.to_uppercase();
    Some(first.chain(letters).chain(['.']).collect())
}

/// It, as this table has it.
fn find(table: &[(&str, &str)], text: &str) -> Option<String> {
    let mut found = table.iter();
    found.find_map(|(english, german)| Some(fill(german, &parts(english, text)?)))
}

/// What stands for each `{}`, if this is that text.
fn parts<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut parts = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let at = match pieces.peek() {
            Some(_) => rest.find(piece)?,
            None => rest.strip_suffix(piece)?.len(),
        };
        parts.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What a source says, its parts left open: literals of the code proper that begin as such texts do.
    fn said(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap();
        // Between two quotes of which none is escaped.
        let quoted = code.replace("\\\"", "\u{0}");
        let literals = quoted.split('"').skip(1).step_by(2);
        let texts = literals.filter_map(|it| {
            let text = it.strip_prefix("* ");
            text.or(Some(it).filter(|it| it.starts_with("Not ") && it.ends_with('.')))
        });
        let open = |text: &str| {
            let mut pieces = text.split('{');
            let first = pieces.next().unwrap().to_owned();
            let rest = pieces.map(|it| it.split_once('}').unwrap().1);
            rest.fold(first, |text, piece| text + "{}" + piece)
                .replace('\u{0}', "\"")
        };
        texts.map(open).collect()
    }

    #[test]
    fn everything_that_the_client_machine_and_the_line_editor_say_is_here() {
        // What the server's words are made of, and what only others than the full screen show.
        let others = [
            "{}",
            "{}.",
            "{}; {}.",
            "/{}: {}",
            "Announcement: {}",
            "Goodbye: {}",
            "Not said yet: \"{}\": {} It is kept, and sent then.",
            "Not said: \"{}\": you are not in {}.",
            "Not said: \"{}\": {}",
            "Not sent: with --text, a line with LEAVE alone leaves the room.",
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut all = 0;
        for folder in [
            "../core/src/client/json",
            "src/editor",
            "../core/src/client",
        ] {
            for file in std::fs::read_dir(root.join(folder)).unwrap() {
                let file = file.unwrap().path();
                let is_of_text = ["prompt.rs", "banner.rs"]
                    .iter()
                    .any(|it| file.ends_with(it));
                if file.is_dir() || is_of_text {
                    continue;
                }
                for text in said(&std::fs::read_to_string(&file).unwrap()) {
                    if others.contains(&&*text) {
                        continue;
                    }
                    let here = text.replace("was shown {}", "was shown in {}");
                    let here = here.replace("missing {}", "missing in {}");
                    let here = here.replace("for {} to be", "for {} lines to be");
                    assert!(
                        Language::German.told(&here) != here,
                        "{file:?} says what is not here: {text}"
                    );
                    all += 1;
                }
            }
        }
        assert!(all > 40, "{all}");
    }

    #[test]
    fn everything_is_said_in_both_languages_with_the_same_parts() {
        let clauses = CLAUSES.iter().map(|(english, german)| (*english, *german));
        for (english, german) in TOLD.iter().copied().chain(clauses).chain([OFFLINE]) {
            let parts = |text: &str| text.matches("{}").count();
            assert_eq!(parts(english), parts(german), "{english}");
            assert_eq!(english.ends_with(' '), german.ends_with(' '), "{english}");
            assert_ne!(english, german);
            assert_eq!(Language::English.told(english), english);
        }
        for (english, german) in TOLD {
            assert_eq!(Language::German.told(english), *german);
            assert_eq!(
                Language::German.told(&format!("* {english}")),
                format!("* {german}")
            );
        }
    }

    #[test]
    fn parts_are_as_they_were_and_why_there_is_no_connection_is_said_too() {
        for (english, german) in [
            (
                "* Offline: the server closed the connection. Trying again.",
                "* Getrennt: der Server hat die Verbindung geschlossen. Wird wieder versucht.",
            ),
            (
                "* Offline: could not connect to 10.0.0.1:5: refused. Trying again.",
                "* Getrennt: keine Verbindung zu 10.0.0.1:5: refused. Wird wieder versucht.",
            ),
            (
                "* Offline: it rains. Trying again.",
                "* Getrennt: it rains. Wird wieder versucht.",
            ),
            (
                "* Could not connect within 10 s.",
                "* Keine Verbindung innerhalb von 10 s.",
            ),
            (
                "* Nobody knows whether this has arrived: \"Back. {}\"",
                "* Niemand weiß, ob das angekommen ist: \"Back. {}\"",
            ),
            (
                "* Waiting up to 9 s for 2 lines to be accepted. Ctrl-C ends at once.",
                "* Wartet bis zu 9 s, dass 2 Zeilen angenommen werden. Ctrl-C beendet sofort.",
            ),
            ("* What you say.", "* What you say."),
            ("", ""),
            (".", "."),
            ("é.", "é."),
        ] {
            assert_eq!(Language::German.told(english), german);
        }
    }
}
