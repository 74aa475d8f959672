//! What follows from a program's options: its manual page, and what completes its command line.

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use std::io::{self, Write};

/// Writes the manual page of a program, and those of its subcommands after it, as troff.
///
/// # Errors
/// When that cannot be written.
pub fn man(mut command: Command, mut to: impl Write) -> io::Result<()> {
    command.build();
    Man::new(command.clone()).render(&mut to)?;
    for below in command
        .get_subcommands()
        .filter(|it| it.get_name() != "help")
    {
        let name = format!("{}-{}", command.get_name(), below.get_name());
        Man::new(below.clone().name(name)).render(&mut to)?;
    }
    Ok(())
}

/// Writes what a shell completes a program's command line with.
///
/// # Errors
/// When that cannot be written.
pub fn complete(shell: Shell, mut command: Command, mut to: impl Write) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name.clone(), &mut script);
    if shell == Shell::Bash {
        // Where a name has a hyphen, its states are called otherwise where they are set than where they are looked for.
        let script = String::from_utf8_lossy(&script);
        let found = name.replace('-', "__subcmd__");
        let script = script.replace(&found, &name.replace('-', "__"));
        return to.write_all(script.as_bytes());
    }
    to.write_all(&script)
}

/// Options of a program that has no subcommands for that.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "For packages")]
pub struct Papers {
    /// Print the manual page, for `man -l -`
    #[arg(long, exclusive = true)]
    man: bool,

    /// Print what completes a command line, for a shell to read
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
}

impl Papers {
    /// Prints what was asked for; whether anything was.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&self, command: Command) -> io::Result<bool> {
        if self.man {
            man(command, io::stdout())?;
        } else if let Some(shell) = self.completions {
            complete(shell, command, io::stdout())?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}
