//! What the screen itself says, in each language. `told` is what the client machine and the line editor say;
//! what the server says is its own, and in English.

use jiff::civil::Date;
use serde::Deserialize;
use std::ffi::OsString;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// Defines the messages: what each is in English, and in German. `{}` are its parts, in order.
macro_rules! messages {
    ($($name:ident: $english:literal, $german:literal;)*) => {
        /// What the screen says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is what it says")]
        pub enum Message {
            $($name,)*
        }

        impl Message {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// It in a language, its parts left open.
            pub fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::English) => $english,
                      (Self::$name, Language::German) => $german,)*
                }
            }
        }
    };
}

messages! {
    NotConnected: "not connected", "nicht verbunden";
    Connecting: "connecting", "verbindet";
    NoServer: "no server, next try in {} s", "kein Server, nächster Versuch in {} s";
    Online: "online", "verbunden";
    Offline: "offline", "getrennt";
    OfflineFor: "offline, next try in {} s", "getrennt, nächster Versuch in {} s";
    NoServerNarrow: "no server: {} s", "kein Server: {} s";
    OfflineNarrow: "offline: {} s", "getrennt: {} s";
    HelpGoesOn: "-- more: PageDown --", "-- mehr: PageDown --";
    HelpJoin: "/join ROOM: you are in one room more, which is made if there is none of that name, and go there. /part ends that; the lobby stays.", "/join RAUM: du bist in noch einem Raum, der entsteht, wenn es keinen dieses Namens gibt, und gehst hin. /part beendet das; die Lobby bleibt.";
    Leaving: "leaving", "geht";
    NotAccepted: "{} not accepted", "{} nicht angenommen";
    Loading: "loading", "lädt";
    HelpIsHere: "F1: help", "F1: Hilfe";
    MoreBelow: "-- more --", "-- mehr --";
    SomeNew: " ({} new)", " ({} neu)";
    SomeForYou: " ({} new, {} for you)", " ({} neu, {} für dich)";
    MoreLines: "... and {} more", "... und {} weitere";
    Here: "{} here", "{} hier";
    AndMore: "and {} more", "und {} weitere";
    You: "(you)", "(du)";
    CutOff: "(cut off)", "(getrennt)";
    Away: "(away)", "(abwesend)";
    AskName: "Your name (Enter alone: the server names you): ", "Dein Name (nur Enter: der Server benennt dich): ";
    AskLeaveOne: "1 line is not accepted yet. Leave? y: yes, n: no ", "1 Zeile ist noch nicht angenommen. Gehen? y: ja, n: nein ";
    AskLeave: "{} lines are not accepted yet. Leave? y: yes, n: no ", "{} Zeilen sind noch nicht angenommen. Gehen? y: ja, n: nein ";
    ForRooms: "{} is for rooms; nobody but {} reads this.", "{} ist für Räume; das hier liest nur {}.";
    NothingRings: "Nothing rings but your name. /highlight WORD has a word ring.", "Nur dein Name klingelt. Mit /highlight WORT klingelt ein Wort.";
    Rings: "What rings besides your name: {}", "Was außer deinem Namen klingelt: {}";
    RingsNow: "It rings from now on: {}", "Von nun an klingelt: {}";
    TooManyRing: "Not done: {} words of at most {} bytes are the most.", "Nicht getan: mehr als {} Wörter von höchstens {} Bytes gehen nicht.";
    RingsNoMore: "It does not ring any more: {}", "Nicht mehr klingelt: {}";
    RingsNot: "It does not ring: {}", "Es klingelt nicht: {}";
    Search: "search: ", "suchen: ";
    LookingBack: "looking further back ({}): ", "sucht weiter zurück ({}): ";
    LookingElsewhere: "looking back in {} ({}): ", "sucht zurück in {} ({}): ";
    NotFound: "not found: ", "nicht gefunden: ";
    NotFoundYet: "not found yet: ", "noch nicht gefunden: ";
    NotFoundElsewhere: "in no other room, as far as loaded: ", "in keinem anderen Raum, soweit geladen: ";
    GoTo: "go to: ", "gehe zu: ";
    New: "new", "neu";
    Joined: "{} joined", "{} gekommen";
    Left: "{} left", "{} gegangen";
    JoinedAndLeft: "{} joined and left", "{} gekommen und gegangen";
    LeftAndJoined: "{} left and joined", "{} gegangen und gekommen";
    Renamed: "{} is now known as {}", "{} heißt jetzt {}";
    TopicTaken: "{} has taken the topic away", "{} hat das Thema entfernt";
    TopicSet: "{} has set the topic: {}", "{} hat das Thema gesetzt: {}";
    AloneTo: "[PM to {}] {}", "[PN an {}] {}";
    AloneFrom: "[PM from {}] {}", "[PN von {}] {}";
    NotDone: "Not done: {}", "Nicht getan: {}";
    TooManyRooms: "Not done: there are too many rooms. /close closes a conversation, /part a room.", "Nicht getan: es sind zu viele Räume. /close schließt ein Gespräch, /part einen Raum.";
    Goodbye: "Goodbye: {}", "Auf Wiedersehen: {}";
    NotEdited: "Not edited: {}", "Nicht bearbeitet: {}";
    LobbyStays: "Not done: the lobby stays open. /part is for other rooms, /leave leaves.", "Nicht getan: die Lobby bleibt offen. /part ist für andere Räume, /leave geht.";
    NotInRoom: "Not done: you are not in {}.", "Nicht getan: du bist nicht in {}.";
    NoConnection: "Not done, as there is no connection now: {}", "Nicht getan, denn jetzt ist keine Verbindung da: {}";
    NotInAnyMore: "not in {} any more", "nicht mehr in {}";
    NotSaidHere: "Not said: you are not in {} any more. /join {} asks to come back, /part closes this.", "Nicht gesagt: du bist nicht mehr in {}. /join {} bittet wieder hinein, /part schließt dies.";
    DraftKept: "What you were typing in {} is there with Ctrl-Y: {}", "Was du in {} getippt hast, fügt Ctrl-Y ein: {}";
    NotKept: "What is being typed, and what rings, is not kept any more: {}", "Was getippt wird, und was klingelt, wird nicht mehr aufbewahrt: {}";
    NotRemembered: "Nothing is remembered in this run: {}", "Dieses Mal wird nichts gemerkt: {}";
    KeyPages: "read back, and on", "zurücklesen, und weiter";
    KeyEscape: "to the newest; closes this", "zum Neuesten; schließt dies";
    KeyUnread: "to the first unread line", "zur ersten ungelesenen Zeile";
    KeySearch: "search; again: older; Enter stays, Escape goes back", "suchen; nochmals: älter; Enter bleibt, Escape zurück";
    KeySearchAll: "search on in the other rooms", "in den anderen Räumen weitersuchen";
    KeyEnter: "say it; begin another line", "sagen; eine weitere Zeile beginnen";
    KeyTab: "complete names, commands, what these take; back", "Namen, Befehle und was diese nehmen ergänzen; zurück";
    KeyUpDown: "what you entered before", "was du vorher eingegeben hast";
    KeyMove: "move in the line, by words", "sich in der Zeile bewegen, wortweise";
    KeyCut: "cut; Ctrl-Y inserts it, Alt-Y the one before", "ausschneiden; Ctrl-Y fügt ein, Alt-Y das davor";
    KeyWord: "a word large, small, Capital, swapped; letters swapped", "Wort groß, klein, Groß, getauscht; Buchstaben getauscht";
    KeyUndo: "take the last change back", "die letzte Änderung zurücknehmen";
    KeyEdit: "edit the line with $VISUAL or $EDITOR", "die Zeile mit $VISUAL oder $EDITOR bearbeiten";
    KeyRooms: "rooms", "Räume";
    KeyNews: "the next room with news", "der nächste Raum mit Neuem";
    KeyJump: "where nothing is typed: go to a room by some letters", "wo nichts getippt ist: mit Buchstaben in einen Raum";
    KeyPeople: "show or hide who is here", "zeigen oder verbergen, wer da ist";
    KeyRedraw: "draw the screen anew", "den Bildschirm neu zeichnen";
    KeyInterrupt: "clear the line; leave, where it is empty", "die Zeile löschen; gehen, wo sie leer ist";
    KeySuspend: "stop the program; fg goes on", "das Programm anhalten; fg setzt es fort";
    DoesAway: "say that you are away, and why", "sagen, dass du fort bist, und warum";
    DoesBack: "you are back", "du bist zurück";
    DoesClear: "clear the screen", "den Bildschirm leeren";
    DoesClose: "close this conversation; of a room: have everyone leave", "dieses Gespräch schließen; im Raum: alle hinausschicken";
    DoesHelp: "the keys and the commands (F1)", "die Tasten und die Befehle (F1)";
    DoesHighlight: "have a word ring; alone: which words ring", "ein Wort klingeln lassen; allein: welche klingeln";
    DoesHistory: "what was said before (PageUp)", "was vorher gesagt wurde (PageUp)";
    DoesLeave: "leave the room, and the program", "den Raum verlassen, und das Programm";
    DoesMe: "say that you do something", "sagen, dass du etwas tust";
    DoesMsg: "say something to one person alone", "einer Person allein etwas sagen";
    DoesClaim: "make the name you have your own", "den eigenen Namen für sich behalten";
    DoesLogin: "have the name that you have claimed", "den eigenen Namen wiederhaben";
    DoesPasswd: "another password for the name", "ein anderes Passwort für den Namen";
    DoesUnclaim: "have the name be nobody's own again", "den Namen wieder freigeben";
    DoesDevices: "where you come back without the password", "wo du ohne Passwort wiederkommst";
    DoesIgnore: "show nothing of what somebody says; alone: of whom", "von jemandem nichts zeigen; allein: von wem";
    DoesUnignore: "show again what somebody says", "wieder zeigen, was jemand sagt";
    DoesNick: "take another name", "einen anderen Namen annehmen";
    DoesQuery: "go to the conversation with somebody", "zum Gespräch mit jemandem gehen";
    DoesQuit: "leave, as /leave", "gehen, wie /leave";
    DoesInbox: "show what waits for you, or what you and NAME said alone", "zeigen, was auf dich wartet, oder was du und NAME allein gesagt habt";
    DoesReply: "answer who wrote to you alone last", "antworten, wer dir allein zuletzt schrieb";
    DoesRetry: "while offline: connect now", "wenn getrennt: jetzt verbinden";
    DoesSearch: "search in what is loaded (Ctrl-R)", "in dem suchen, was geladen ist (Ctrl-R)";
    DoesTopic: "what the room is about; set it", "worum es im Raum geht; es setzen";
    DoesUnhighlight: "have a word ring no more", "ein Wort nicht mehr klingeln lassen";
    DoesUnsent: "what you said that is not accepted yet", "was du sagtest und noch nicht angenommen ist";
    DoesJoin: "be in one room more, and go there", "in noch einem Raum sein, und hingehen";
    DoesPart: "be in this room no more, or in the one named", "nicht mehr in diesem Raum sein, oder im genannten";
    DoesRooms: "which rooms there are", "welche Räume es gibt";
    DoesBan: "keep somebody out of the room", "jemanden aus dem Raum aussperren";
    DoesBans: "who is kept out of the room", "wer aus dem Raum ausgesperrt ist";
    DoesDeop: "have an operator be none any more", "jemandem die Aufsicht nehmen";
    DoesInvite: "invite somebody to the room", "jemanden in den Raum einladen";
    DoesKick: "have somebody leave the room", "jemanden aus dem Raum entfernen";
    DoesMute: "have somebody be silent", "jemanden verstummen lassen";
    DoesOp: "make somebody an operator of the room", "jemandem die Aufsicht im Raum geben";
    DoesPrivate: "let in only who is invited", "nur Eingeladene einlassen";
    DoesRedact: "remove a line for everyone, by its name or number", "eine Zeile für alle entfernen, nach Name oder Nummer";
    DoesReopen: "let everyone in again, after /close", "nach /close wieder alle einlassen";
    Removed: "(removed)", "(entfernt)";
    DoesSlow: "have everyone wait between two lines", "alle zwischen zwei Zeilen warten lassen";
    DoesUnban: "let somebody in again", "jemanden wieder einlassen";
    DoesUnmute: "let somebody speak again", "jemanden wieder reden lassen";
    DoesWho: "who is here", "wer da ist";
    DoesWhois: "since when somebody is here", "seit wann jemand da ist";
}

impl Message {
    /// It in a language, with its parts.
    pub fn with(self, language: Language, parts: &[&str]) -> String {
        fill(self.text(language), parts)
    }
}

/// A text with its parts in the places that it leaves open.
pub(super) fn fill(text: &str, parts: &[&str]) -> String {
    let mut parts = parts.iter();
    let mut pieces = text.split("{}");
    let mut filled = String::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        filled.push_str(parts.next().unwrap_or(&""));
        filled.push_str(piece);
    }
    filled
}

/// The names of the days, from Monday on, and of the months.
const GERMAN: ([&str; 7], [&str; 12]) = (
    [
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
);

impl Language {
    /// What the environment says: `LC_ALL`, `LC_MESSAGES` or `LANG`, the first of them that is set.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let locale = names.iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy();
        match locale.split(['_', '.', '@']).next() {
            Some("de") => Self::German,
            _ => Self::English,
        }
    }

    /// A day, as it stands above what happened on it.
    pub fn day(self, day: Date) -> String {
        match self {
            Self::English => day.strftime("%A, %-d %B %Y").to_string(),
            Self::German => {
                let place = |number: i8| usize::try_from(number - 1).unwrap_or(0);
                let weekday = GERMAN.0[place(day.weekday().to_monday_one_offset()) % 7];
                let month = GERMAN.1[place(day.month()) % 12];
                format!("{weekday}, {}. {month} {}", day.day(), day.year())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_message_is_there_in_both_languages() {
        // They say the same in both, and mean it.
        let alike = [];
        for message in Message::ALL {
            let (english, german) = (
                message.text(Language::English),
                message.text(Language::German),
            );
            assert!(!english.is_empty() && !german.is_empty(), "{message:?}");
            assert_eq!(english == german, alike.contains(message), "{message:?}");
            let parts = |text: &str| text.matches("{}").count();
            assert_eq!(parts(english), parts(german), "{message:?}");
            // What separates it from what comes next stays with it.
            let blanks = |text: &str| (text.starts_with(' '), text.ends_with(' '));
            assert_eq!(blanks(english), blanks(german), "{message:?}");
        }
    }

    #[test]
    fn parts_stand_where_they_belong_and_are_not_read_again() {
        let text = Message::Renamed.with(Language::English, &["{}", "bob"]);
        assert_eq!(text, "{} is now known as bob");
        let text = Message::Renamed.with(Language::German, &["ann", "bob"]);
        assert_eq!(text, "ann heißt jetzt bob");
    }

    #[test]
    fn days_have_their_names() {
        let day = date(2026, 3, 1);
        assert_eq!(Language::English.day(day), "Sunday, 1 March 2026");
        assert_eq!(Language::German.day(day), "Sonntag, 1. März 2026");
        let day = date(2026, 12, 28);
        assert_eq!(Language::German.day(day), "Montag, 28. Dezember 2026");
    }

    #[test]
    fn the_environment_is_heeded() {
        for (variables, language) in [
            (&[][..], Language::English),
            (&[("LANG", "de_AT.UTF-8")], Language::German),
            (&[("LANG", "de")], Language::German),
            (&[("LANG", "dev.UTF-8")], Language::English),
            (
                &[("LANG", "de_DE.UTF-8"), ("LC_MESSAGES", "C")],
                Language::English,
            ),
            (
                &[("LC_MESSAGES", "C"), ("LC_ALL", "de_DE.UTF-8")],
                Language::German,
            ),
            (&[("LC_ALL", ""), ("LANG", "de_DE.UTF-8")], Language::German),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(Language::of(variable), language, "{variables:?}");
        }
    }
}
