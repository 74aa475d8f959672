//! Has the program know of which commit it is, which a finding is of, too.

use std::process::Command;

fn main() {
    // Where there is no repository, there is nothing to watch.
    for path in [
        ".git/HEAD",
        ".git/logs/HEAD",
        "core/src",
        "net/src",
        "sim/src",
    ] {
        println!("cargo:rerun-if-changed=../{path}");
    }
    let asked = Command::new("git")
        .args(["describe", "--always", "--dirty=, changed", "--exclude=*"])
        .arg("--abbrev=12")
        .output();
    let commit = asked.ok().filter(|answer| answer.status.success());
    let commit = commit.map_or_else(
        || format!("version {}", env!("CARGO_PKG_VERSION")),
        |answer| format!("commit {}", String::from_utf8_lossy(&answer.stdout).trim()),
    );
    println!("cargo:rustc-env=CHAT_COMMIT={commit}");
}
