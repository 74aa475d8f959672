//! The screens that the documents show are those that are drawn here. To write them anew:
//!
//! ```sh
//! CHAT_SCREENS=write cargo test -p chat-cli --test screen documents
//! ```

use crate::world::World;
use chat_cli::screen::Link;
use std::fs;
use std::path::Path;

/// The documents, from the project's root on.
const DOCUMENTS: &[&str] = &["README.md", "cli/README.md", "cli/CHAT.md"];

/// What stands before a screen in a document.
const BEGIN: &str = "<!-- screen: ";

/// A room of which one knows only what is necessary.
fn narrow() -> World {
    let mut world = World::online(80, 11);
    world.happens("joined", "ann", "", "");
    let question =
        "Good morning, ann! Did you sleep well, or has the new bench kept you awake all night?";
    world.says("bob", question);
    world.at += 60_000;
    for name in ["cat", "dan", "eve", "fay"] {
        world.happens("joined", name, "", "");
    }
    world.happens("left", "dan", "", "");
    world.says("ann", "thank you");
    world.press("\u{1b}[O");
    world.says("cat", "ann: yes");
    world.press("\u{1b}[I");
    world.unaccepted(&[("a-1", "then all of us are there")]);
    world.press("bob: and y");
    world
}

/// Several rooms, and who is there.
fn wide() -> World {
    let mut world = World::new(110, 14);
    world.screen.set_name("ann");
    world.screen.set_link(Link::Online);
    world.wait();
    world.answered(
        &["ann", "bob", "cat", "zoe"],
        "Tea at four; whoever comes late brings the cake",
    );
    world.says("bob", "who has read about the new garden?");
    world.says("cat", "ann has");
    let away = "{\"type\":\"away\",\"name\":\"zoe\",\"text\":\"lunch\"}";
    world.screen.line(away, world.at);
    world.at += 60_000;
    world.says_to("eve", "ann", "may I come, too?");
    world.says_in("garden", "dan", "the roses are out");
    world.says("ann", "a little, tell me more");
    world.press("I will, ");
    world
}

/// A search in what was said.
fn search() -> World {
    let mut world = World::online(80, 9);
    for number in 1..40 {
        world.says("bob", &format!("line {number} of a long day"));
    }
    world.at += 60_000;
    world.says("cat", "and that was all");
    world.press("half a line\u{12}line 12");
    world
}

/// There is no connection.
fn offline() -> World {
    let mut world = World::online(80, 7);
    world.says("bob", "are you there?");
    world.screen.set_link(Link::Offline);
    let news = "* Offline: the connection was lost. Trying again.";
    world.screen.notice(news, world.at);
    world.screen.set_countdown(Some(7));
    world.unaccepted(&[("a-1", "yes, I am")]);
    world.press("nothing of this is los");
    world
}

fn screen(name: &str) -> String {
    let mut world = match name {
        "narrow" => narrow(),
        "wide" => wide(),
        "search" => search(),
        "offline" => offline(),
        other => panic!("no screen is called {other}"),
    };
    let seen = world.seen();
    let rows = seen.lines().filter(|row| !row.starts_with("(cursor:"));
    let rows: Vec<&str> = rows.skip_while(|row| row.is_empty()).collect();
    rows.join("\n")
}

/// A document with its screens as they are drawn; and how many it has.
fn with_screens(document: &str) -> (String, usize) {
    let mut parts = document.split(BEGIN);
    let mut all = parts.next().unwrap_or_default().to_owned();
    let mut count = 0;
    for part in parts {
        let (name, rest) = part.split_once(" -->").expect("the mark ends");
        let (_, after) = rest.split_once("\n```text\n").expect("a block follows");
        let (_, after) = after.split_once("\n```\n").expect("the block ends");
        let screen = screen(name);
        all.extend([BEGIN, name, " -->\n```text\n", &screen, "\n```\n", after]);
        count += 1;
    }
    (all, count)
}

#[test]
fn documents_show_what_is_drawn() {
    let writes = std::env::var_os("CHAT_SCREENS").is_some_and(|how| how == "write");
    for name in DOCUMENTS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        let found = fs::read_to_string(&file).expect("the document can be read");
        let (drawn, count) = with_screens(&found);
        assert!(count > 0, "{name} shows a screen");
        if writes {
            fs::write(&file, drawn).expect("the document can be written");
        } else {
            assert_eq!(
                found, drawn,
                "{name}: CHAT_SCREENS=write writes its screens anew"
            );
        }
    }
}
