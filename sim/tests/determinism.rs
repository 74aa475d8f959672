//! Every scenario, run twice in two processes, tells the same story to the byte.
//! Nothing else that a simulation says is worth anything without this.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
};

#[test]
fn two_processes_tell_the_same_story() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = chat_sim::files(&scenarios).unwrap();
    assert!(!files.is_empty());
    for file in files {
        let [first, second] = [start(&file), start(&file)].map(Child::wait_with_output);
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(
            !first.stdout.is_empty(),
            "{}: {}",
            file.display(),
            errors(&first)
        );
        assert!(
            first.stdout == second.stdout && first.stderr == second.stderr,
            "{}: {}",
            file.display(),
            difference(&first, &second)
        );
        assert_eq!(first.status, second.status, "{}", file.display());
    }
}

#[test]
fn another_seed_tells_another_story() {
    let run = |seed: &str| {
        let args = ["run", "documented", "--seed", seed];
        Command::new(env!("CARGO_BIN_EXE_chat-sim"))
            .args(args)
            .output()
            .unwrap()
    };
    assert_ne!(run("1").stdout, run("2").stdout);
}

fn start(file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_chat-sim"))
        .args(["run", "--screens"])
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn errors(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn difference(first: &Output, second: &Output) -> String {
    let text = |run: &Output| String::from_utf8_lossy(&run.stdout).into_owned() + &errors(run);
    let (first, second) = (text(first), text(second));
    let pairs = first.lines().zip(second.lines());
    match pairs.enumerate().find(|(_, (one, other))| one != other) {
        Some((n, (one, other))) => format!("line {}:\n{one}\n{other}", n + 1),
        None => "one story ends before the other".into(),
    }
}
