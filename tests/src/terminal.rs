use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::{Output, Process};

/// A process in a terminal of its own, with someone at the keyboard.
pub struct Terminal {
    /// The process.
    pub process: Process,
    /// The screen: what the process printed, and what was typed.
    pub screen: Output,
    keyboard: File,
}

/// Begins a command in a session of its own, with the terminal as its own: as in a window. Signals do what they do there, also
/// where these tests run under `nohup`.
pub fn in_a_window() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal", "setsid", "--ctty"]);
    command
}

impl Terminal {
    /// Starts `command` with a new terminal as its input, its output and its errors; one that can do what most can,
    /// unless the command says otherwise.
    pub fn start(command: &mut Command) -> Self {
        if command.get_envs().all(|(name, _)| name != "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&ours).expect("a new terminal is ours");
        unlockpt(&ours).expect("a new terminal can be opened");
        let path = ptsname(&ours, Vec::new()).expect("a terminal has a name");
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(std::ffi::OsString::from_vec(path.into_bytes()))
            .expect("a new terminal can be opened");
        let copy = || Stdio::from(theirs.try_clone().expect("a file can be shared"));
        let process = Process::spawn(command.stdin(copy()).stdout(copy()).stderr(copy()));
        // The command still holds its copies, and a terminal that is held open never reads as ended.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let keyboard = File::from(ours);
        let screen = Output::of(keyboard.try_clone().expect("a file can be shared"));
        Self {
            process,
            screen,
            keyboard,
        }
    }

    /// Types a line and the Enter key.
    pub fn type_line(&mut self, line: &str) {
        self.press(&format!("{line}\r"));
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("a terminal takes what is typed");
    }

    /// Its settings, to be compared: flags, and the keys that mean something to it.
    pub fn settings(&self) -> String {
        let settings = tcgetattr(&self.keyboard).expect("a terminal has settings");
        format!("{settings:?}")
    }

    /// Whether each key is given to the process as it is pressed.
    pub fn is_raw(&self) -> bool {
        let settings = tcgetattr(&self.keyboard).expect("a terminal has settings");
        !settings.local_modes.contains(LocalModes::ICANON)
    }

    /// Gives it another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize {
            ws_col: columns,
            ws_row: rows,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.keyboard, size).expect("a terminal has a size");
    }

    /// Waits for the process's exit and returns its exit code with the whole screen, its lines ending in `\n`.
    pub fn finish(mut self) -> (i32, String) {
        let code = self.process.exit_code();
        (code, self.screen.all().replace("\r\n", "\n"))
    }
}
