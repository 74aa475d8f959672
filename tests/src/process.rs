use std::process::{Child, Command, ExitStatus};

use crate::eventually;

/// A process that ends with the test, however the test ends.
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command`.
    pub fn spawn(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { child, name }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child itself, to take its pipes from.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.status().is_none()
    }

    /// Waits for its exit and returns the exit code; a process that died of signal `n` counts as `128 + n`, as in a
    /// shell.
    pub fn exit_code(&mut self) -> i32 {
        let what = format!("the exit of {}", self.name);
        code(eventually(&what, || self.status()))
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&mut self, signal: crate::Signal) {
        assert!(self.runs(), "{} has exited already", self.name);
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).expect("a child may be signalled");
    }

    /// Ends it without a chance to say anything: `SIGKILL`, where there is such a thing.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child may be killed");
        self.child.wait().expect("a child can be waited for");
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .expect("a process exits or dies of a signal")
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> i32 {
    status.code().expect("a process exits with a code")
}

/// Lets this process have as many files and sockets open as the system allows.
pub fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Some systems do not allow their own maximum; whoever needs more than there is will say so.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
