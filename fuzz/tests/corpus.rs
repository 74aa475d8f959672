//! Replays the corpus: everything that fuzzing found worth keeping holds.

use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let entries = fs::read_dir(&folder).expect("the corpus has a folder for every target");
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    for path in paths {
        println!("{}", path.display());
        check(&fs::read(&path).unwrap());
    }
}

#[test]
fn line() {
    replay("line", chat_fuzz::line::check);
}

#[test]
fn message() {
    replay("message", chat_fuzz::message::check);
}

#[test]
fn server() {
    replay("server", chat_fuzz::server::check);
}
