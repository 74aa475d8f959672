//! A scenario that is wrong is refused with the place and the reason, and one
//! whose expectations are not met says which, and shows the screen.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn file(name: &str, ron: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(name)
        .with_extension("ron");
    fs::write(&path, ron).unwrap();
    path
}

fn run(path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chat-sim"))
        .arg("run")
        .arg(path)
        .output()
        .unwrap()
}

#[track_caller]
fn refused(name: &str, ron: &str, place: &str, reasons: &[&str]) {
    let path = file(name, ron);
    let output = run(&path);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty());
    assert!(
        error.contains(&format!("{}{place}: ", path.display())),
        "{error}"
    );
    for reason in reasons {
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn an_unknown_field() {
    refused(
        "unknown-field",
        "(\n    about: \"x\",\n    clinets: {},\n)\n",
        ":3:5",
        &["clinets", "expected one of", "`clients`"],
    );
}

#[test]
fn a_begun_line_without_an_end() {
    refused(
        "begun",
        "(\n    about: \"x\",\n    clients: {\"ann\": Person()},\n    steps: [(1, Begin(\"ann\", \"hi\"))],\n)\n",
        ":3:15",
        &["begins a line", "does not end"],
    );
}

#[test]
fn an_unknown_action() {
    refused(
        "unknown-action",
        "(\n    about: \"x\",\n    clients: {\"ann\": Person()},\n    steps: [(1, Tipe(\"ann\", \"hi\"))],\n)\n",
        ":4:17",
        &["Tipe", "expected one of", "`Type`"],
    );
}

#[test]
fn the_wrong_type() {
    refused(
        "wrong-type",
        "(\n    about: \"x\",\n    seed: \"seven\",\n)\n",
        ":3:10",
        &["integer"],
    );
    refused(
        "wrong-text",
        "(\n    about: \"x\",\n    clients: {\"ann\": Person()},\n    steps: [(1, Type(\"ann\", 7))],\n)\n",
        ":4:29",
        &["a string, a byte string"],
    );
}

#[test]
fn an_unclosed_bracket() {
    refused(
        "unclosed",
        "(\n    about: \"x\",\n    steps: [(1, Stop)\n)\n",
        ":4:1",
        &["comma"],
    );
}

#[test]
fn a_missing_field() {
    refused("missing", "(seed: 7)\n", ":1:9", &["about"]);
}

#[test]
fn a_client_twice() {
    refused(
        "twice",
        "(\n    about: \"x\",\n    clients: {\n        \"ann\": Person(),\n        \"ann\": Raw(),\n    },\n)\n",
        ":5:10",
        &["a second client named \"ann\""],
    );
}

#[test]
fn a_stranger() {
    refused(
        "stranger",
        "(\n    about: \"x\",\n    clients: {\"ann\": Person(), \"bob\": Raw()},\n    steps: [(1, Type(\"anne\", \"hi\"))],\n)\n",
        ":4:22",
        &["nobody is named \"anne\"", "ann, bob"],
    );
}

#[test]
fn the_wrong_kind_of_client() {
    refused(
        "wrong-kind",
        "(\n    about: \"x\",\n    clients: {\"bob\": Raw()},\n    steps: [(1, Type(\"bob\", \"hi\"))],\n)\n",
        ":3:15",
        &["\"bob\" is not a Person"],
    );
}

#[test]
fn no_such_file() {
    let output = run(Path::new("no-such-scenario.ron"));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-scenario.ron: "));
}

#[test]
fn an_expectation_that_is_not_met_shows_whose_and_the_screen() {
    let path = file(
        "unmet",
        "(\n    about: \"x\",\n    clients: {\"ann\": Person()},\n    steps: [(1, Type(\"ann\", \"JOIN\"))],\n    expect: [Sees(\"ann\", \"Godot\"), Ends(\"ann\", Left)],\n)\n",
    );
    let output = run(&path);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("ann never saw \"Godot\""), "{error}");
    assert!(
        error.contains("ann ended as Running, not as Left"),
        "{error}"
    );
    assert!(
        error.contains("JOIN to join the Chatroom : JOIN\nWelcome to the chatroom!"),
        "{error}"
    );
}
