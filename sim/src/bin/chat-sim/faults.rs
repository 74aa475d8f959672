//! `chat-sim faults`: known faults, each a patch, are built into a copy of the tree and looked for.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

/// How faults are looked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only see whether every patch still applies and compiles; explore nothing
    #[arg(long)]
    check: bool,
    /// Only faults whose names have this in them
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Only so many, beginning with the one that --seed falls on
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Which faults a sample has
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Begin no other fault after so many minutes
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Give up on a fault after so many worlds
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    worlds: u64,
}

/// A known fault: a file of comments, an empty line, and a diff.
struct Fault {
    name: String,
    path: PathBuf,
    /// What it breaks.
    sentence: String,
    /// What `chat-sim explore` is given besides seeds.
    explore: Vec<String>,
}

impl Fault {
    fn read(path: PathBuf) -> io::Result<Self> {
        let text = fs::read_to_string(&path)?;
        let malformed = |what: &str| io::Error::other(format!("{}: {what}", path.display()));
        let mut comments = text.lines().map_while(|line| line.strip_prefix('#'));
        let sentence = comments.next().map(str::trim).unwrap_or_default();
        let mut member = |name: &str| {
            let line = comments.next().and_then(|it| it.trim().strip_prefix(name));
            line.map(str::trim)
        };
        let invariant = member("found by:").filter(|it| !it.is_empty());
        invariant.ok_or_else(|| malformed("its second line is to be `# found by: INVARIANT`"))?;
        let explore = member("explore:");
        let explore =
            explore.ok_or_else(|| malformed("its third line is to be `# explore: OPTIONS`"))?;
        Ok(Self {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            sentence: sentence.into(),
            explore: explore.split_whitespace().map(Into::into).collect(),
            path,
        })
    }
}

/// How a fault was found.
struct Found {
    invariant: String,
    seed: u64,
    steps: String,
}

pub(crate) fn run(options: &Options) -> io::Result<ExitCode> {
    let faults = chosen(options)?;
    let mut out = io::stdout().lock();
    let tree = Tree::copy()?;
    let mut bad = Vec::new();
    for fault in &faults {
        if !tree.apply(fault, &["--check"])?.status.success() {
            writeln!(out, "{}: the patch does not apply any more", fault.name)?;
            bad.push(fault);
        }
    }
    if bad.is_empty() && options.check {
        for (fault, error) in tree.check_all(&faults)? {
            writeln!(out, "{}: does not compile: {error}", fault.name)?;
            bad.push(fault);
        }
    }
    if options.check || !bad.is_empty() {
        writeln!(
            out,
            "{} of {} apply{}",
            faults.len() - bad.len(),
            faults.len(),
            if options.check { " and compile" } else { "" }
        )?;
        return Ok(code(bad.is_empty()));
    }
    let begun = Instant::now();
    let limit = options.minutes.map(|it| Duration::from_secs(60 * it));
    let mut tried = 0;
    for fault in &faults {
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            break;
        }
        tried += 1;
        succeeded(&tree.apply(fault, &[])?)?;
        let looked = tree
            .cargo("build")
            .and_then(|()| tree.explore(fault, options.worlds));
        succeeded(&tree.apply(fault, &["--reverse"])?)?;
        let (found, took) = looked
            .map_err(|error| io::Error::other(format!("with the fault {}: {error}", fault.name)))?;
        if let Some(Found {
            invariant,
            seed,
            steps,
        }) = found
        {
            writeln!(
                out,
                "{:32} {:>7.2} s  {:>6} worlds  {steps:>3} steps  {invariant}",
                fault.name,
                took.as_secs_f64(),
                seed + 1
            )?;
        } else {
            writeln!(out, "{:32} not found: {}", fault.name, fault.sentence)?;
            bad.push(fault);
        }
        out.flush()?;
    }
    writeln!(out, "{} of {tried} found", tried - bad.len())?;
    Ok(code(bad.is_empty()))
}

fn code(is_good: bool) -> ExitCode {
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The faults that are asked for, by name.
fn chosen(options: &Options) -> io::Result<Vec<Fault>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults");
    let mut faults = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("patch")) {
            faults.push(Fault::read(path)?);
        }
    }
    faults.retain(|fault| fault.name.contains(&options.only));
    faults.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(sample) = options.sample
        && !faults.is_empty()
    {
        let first = options.seed % faults.len() as u64;
        faults.rotate_left(usize::try_from(first).unwrap_or(0));
        faults.truncate(sample);
    }
    Ok(faults)
}

/// A copy of the project's files, which faults are put into.
struct Tree {
    dir: PathBuf,
    target: PathBuf,
    /// Where the project is built, too: what does not differ is there already.
    shared: PathBuf,
}

impl Tree {
    /// Copies what has changed since the last time.
    fn copy() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize()?;
        let shared = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let shared = root.join(shared);
        let base = shared.join("faults");
        let tree = Self {
            dir: base.join("tree"),
            target: base.join("target"),
            shared,
        };
        let mut git = Command::new("git");
        git.current_dir(&root);
        let listed = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = succeeded(&git.args(listed).output()?)?;
        let mut files = Vec::new();
        for name in listed.split('\0').filter(|name| !name.is_empty()) {
            // A file that is deleted and not yet committed is still listed.
            let Ok(bytes) = fs::read(root.join(name)) else {
                continue;
            };
            let copy = tree.dir.join(name);
            if fs::read(&copy).is_ok_and(|before| before == bytes) {
                files.push(copy);
                continue;
            }
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&copy, bytes)?;
            files.push(copy);
        }
        remove_others(&tree.dir, &files)?;
        Ok(tree)
    }

    /// Has git apply a fault's diff to the copy.
    fn apply(&self, fault: &Fault, options: &[&str]) -> io::Result<Output> {
        Command::new("git")
            .current_dir(&self.dir)
            // The copy lies in a checkout, and is none itself.
            .env(
                "GIT_CEILING_DIRECTORIES",
                self.dir.parent().unwrap_or(&self.dir),
            )
            .arg("apply")
            .args(options)
            .arg(&fault.path)
            .output()
    }

    /// The faults that do not compile, each with the compiler's words.
    ///
    /// As many as fit beside one another are compiled at once; where that fails, one half of them after the other.
    fn check_all<'a>(&self, faults: &'a [Fault]) -> io::Result<Vec<(&'a Fault, io::Error)>> {
        let mut bad = Vec::new();
        let mut packs = vec![faults.iter().collect::<Vec<_>>()];
        while let Some(pack) = packs.pop() {
            let mut applied = Vec::new();
            let mut others = Vec::new();
            for fault in pack {
                let fits = self.apply(fault, &[])?.status.success();
                if fits { &mut applied } else { &mut others }.push(fault);
            }
            let compiled = self.cargo("check");
            for fault in applied.iter().rev() {
                succeeded(&self.apply(fault, &["--reverse"])?)?;
            }
            match (compiled, &applied[..]) {
                (Ok(()), _) => {}
                (Err(error), [fault]) => bad.push((*fault, error)),
                (Err(_), _) => {
                    let (one, other) = applied.split_at(applied.len() / 2);
                    packs.extend([one.to_vec(), other.to_vec()]);
                }
            }
            if !others.is_empty() {
                packs.push(others);
            }
        }
        Ok(bad)
    }

    /// Has cargo build or check the copy.
    fn cargo(&self, how: &str) -> io::Result<()> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.dir);
        // One fault after another is a few files' change each.
        cargo.env("CARGO_TARGET_DIR", &self.target);
        cargo.env("CARGO_BUILD_BUILD_DIR", &self.shared);
        cargo.env("CARGO_INCREMENTAL", "1");
        cargo.arg(how);
        cargo.args(["--quiet", "--locked", "--package", "chat-sim"]);
        succeeded(&cargo.output()?).map(drop)
    }

    /// Explores the copy; what was found, and in what time.
    fn explore(&self, fault: &Fault, worlds: u64) -> io::Result<(Option<Found>, Duration)> {
        let begun = Instant::now();
        let seeds = format!("0..{worlds}");
        let output = Command::new(self.target.join("debug").join("chat-sim"))
            .current_dir(&self.dir)
            .args(["explore", "--findings", "1", "--seeds", &seeds])
            .args(&fault.explore)
            .output()?;
        let took = begun.elapsed();
        let told = String::from_utf8_lossy(&output.stdout);
        // `found: "INVARIANT" is broken by seed N…`, and then `  N steps of M…`
        let mut lines = told.lines().skip_while(|line| !line.starts_with("found: "));
        let Some(first) = lines.next() else {
            return if output.status.success() {
                Ok((None, took))
            } else {
                let errors = String::from_utf8_lossy(&output.stderr);
                Err(io::Error::other(format!("explore failed:\n{told}{errors}")))
            };
        };
        let invariant = first.split('"').nth(1).unwrap_or_default().into();
        let seed = first.split("by seed ").nth(1).unwrap_or_default();
        let digits = seed.find(|c: char| !c.is_ascii_digit());
        let seed = &seed[..digits.unwrap_or(seed.len())];
        let steps = lines.find_map(|line| line.trim().split_once(" steps of "));
        Ok((
            Some(Found {
                invariant,
                seed: seed.parse().map_err(io::Error::other)?,
                steps: steps.map_or("?", |(steps, _)| steps).into(),
            }),
            took,
        ))
    }
}

/// Removes the files of a folder that are not among these.
fn remove_others(dir: &Path, files: &[PathBuf]) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        // What a run leaves there is ignored by git.
        if path.is_dir() && path.file_name() != Some(OsStr::new("target")) {
            remove_others(&path, files)?;
        } else if path.is_file() && !files.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// What a command printed, if it succeeded.
fn succeeded(output: &Output) -> io::Result<String> {
    let told = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(told.into());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{told}{errors}")))
}
