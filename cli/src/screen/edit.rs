//! A program of the person's own that edits the line: the one that `VISUAL` or `EDITOR` name, or `vi`.

use crate::endings;
use chat_net::client::seed;
use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tokio::process::{Child, Command};

/// The most bytes that are read of what it has left.
const MAX_TEXT: u64 = 1024 * 1024;

/// A program that edits a text in a file of its own. When this is dropped, the program is ended, and the file is gone.
#[derive(Debug)]
pub struct Edit {
    dir: PrivateDir,
    child: Child,
}

impl Edit {
    /// Starts the program on the terminal.
    ///
    /// # Errors
    /// When there is no place for the file, or nothing that starts programs.
    pub fn begin(text: &str) -> io::Result<Self> {
        let set = |name| env::var(name).ok().filter(|it| !it.trim().is_empty());
        let program = set("VISUAL").or_else(|| set("EDITOR"));
        let program = program.unwrap_or_else(|| "vi".into());
        let dir = PrivateDir::new(&place(|name| env::var_os(name).map(PathBuf::from)))?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(dir.file())?;
        writeln!(file, "{text}")?;
        drop(file);
        // As a shell would: the program may come with arguments.
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec {program} \"$1\""), "sh"])
            .arg(dir.file())
            .kill_on_drop(true);
        let child = endings::unblocked(|| command.spawn())?;
        Ok(Self { dir, child })
    }

    /// Waits for its end, and gives what it has left.
    ///
    /// # Errors
    /// When it failed, so that nothing is to be taken from it, or what it has left cannot be read.
    pub async fn end(&mut self) -> io::Result<String> {
        let status = self.child.wait().await?;
        if !status.success() {
            return Err(io::Error::other(format!("the editor failed ({status})")));
        }
        let mut text = String::new();
        let file = fs::File::open(self.dir.file())?;
        let length = file.take(MAX_TEXT + 1).read_to_string(&mut text)?;
        if u64::try_from(length).is_ok_and(|length| length > MAX_TEXT) {
            let what = format!("it has more than {MAX_TEXT} bytes");
            return Err(io::Error::other(what));
        }
        Ok(text)
    }
}

/// The directory for files that nobody else is to see: the one that the system has for this person, or the one for all
/// that is there for a while.
fn place(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let own = variable("XDG_RUNTIME_DIR").filter(|path| path.is_absolute() && path.is_dir());
    own.unwrap_or_else(env::temp_dir)
}

/// A directory that nobody else can look into, with all that an editor leaves beside its file. It is gone when this is
/// dropped.
#[derive(Debug)]
struct PrivateDir(PathBuf);

impl PrivateDir {
    fn new(place: &Path) -> io::Result<Self> {
        // Nobody knows the number before; and what somebody has made there is not used.
        let path = place.join(format!("chat-{:016x}", seed()?));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                io::Error::new(error.kind(), format!("{}: {error}", place.display()))
            }
            _ => error,
        })?;
        Ok(Self(path))
    }

    fn file(&self) -> PathBuf {
        self.0.join("line.txt")
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        // Whoever looks after that place removes what is left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_seen_by_nobody_else_and_goes_with_all_that_is_beside_it() {
        let dir = PrivateDir::new(&env::temp_dir()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.0), 0o700);
        fs::write(dir.0.join("line.txt~"), "x").unwrap();
        let path = dir.0.clone();
        drop(dir);
        assert!(!path.exists());
    }

    #[test]
    fn the_place_is_the_persons_own_if_there_is_one() {
        let here = env::temp_dir();
        let of = |value: Option<PathBuf>| place(|_| value.clone());
        assert_eq!(of(Some("/".into())), Path::new("/"));
        assert_eq!(of(None), here);
        assert_eq!(of(Some("relative".into())), here);
        assert_eq!(of(Some("/does/not/exist".into())), here);
    }
}
