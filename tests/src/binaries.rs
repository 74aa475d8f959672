use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

struct Binaries {
    server: PathBuf,
    client: PathBuf,
    screen: PathBuf,
}

/// The path of the `chat-server` binary, built if it is not there or not current.
pub fn chat_server() -> &'static Path {
    &binaries().server
}

/// The path of the `chat-client` binary, built if it is not there or not current.
pub fn chat_client() -> &'static Path {
    &binaries().client
}

/// The path of the `chat` binary, built if it is not there or not current.
pub fn chat() -> &'static Path {
    &binaries().screen
}

fn binaries() -> &'static Binaries {
    static BINARIES: OnceLock<Binaries> = OnceLock::new();
    BINARIES.get_or_init(build)
}

/// Builds with the profile, target and target directory that this test was built with, so that the binaries are the
/// ones a person who ran this `cargo test` would look at.
fn build() -> Binaries {
    let test = env::current_exe().expect("a test knows its own path");
    let profile_dir = test
        .ancestors()
        .find(|dir| dir.join(".cargo-lock").exists())
        .expect("a test runs from a cargo target directory");
    let profile = match file_name(profile_dir) {
        "debug" => "dev",
        other => other,
    };
    let above = profile_dir
        .parent()
        .expect("a profile has a target directory");

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--package", "chat-cli"])
        .args([
            "--bin",
            "chat-server",
            "--bin",
            "chat-client",
            "--bin",
            "chat",
        ])
        // What it takes to build them again sooner is 0.4 GB of disk.
        .env("CARGO_INCREMENTAL", "0")
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--profile", profile, "--manifest-path"])
        .arg(manifest());
    if above.join(".rustc_info.json").exists() {
        cargo.arg("--target-dir").arg(above);
    } else {
        cargo.args(["--target", file_name(above), "--target-dir"]);
        cargo.arg(
            above
                .parent()
                .expect("a target's directory is in the target directory"),
        );
    }
    let built = cargo
        .stdin(Stdio::null())
        .output()
        .expect("cargo can be started");
    assert!(
        built.status.success(),
        "the binaries do not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );

    let messages = String::from_utf8_lossy(&built.stdout);
    let named = |name: &str| {
        messages
            .lines()
            .filter_map(executable)
            .find(|path| path.file_stem().is_some_and(|stem| stem == name))
            .unwrap_or_else(|| panic!("cargo built no {name}"))
    };
    Binaries {
        server: named("chat-server"),
        client: named("chat-client"),
        screen: named("chat"),
    }
}

/// This package's manifest. What cargo says when it runs a test counts more than what it said when it built the test: two
/// checkouts may share a target directory.
fn manifest() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).join("Cargo.toml")
}

fn file_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .expect("cargo's directories have plain names")
}

/// The executable that one of cargo's JSON messages is about.
fn executable(message: &str) -> Option<PathBuf> {
    let (_, rest) = message.split_once(r#""executable":""#)?;
    let (path, _) = rest.split_once('"')?;
    Some(path.replace(r"\\", r"\").into())
}
