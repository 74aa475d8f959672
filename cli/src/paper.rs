//! What follows from a program's options: its manual page, and what completes its command line.

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use std::io::{self, Write};

/// Writes a text on standard output. Whoever has read enough of it may have closed that.
///
/// # Errors
/// When it cannot be written for another reason.
pub fn print(text: impl AsRef<[u8]>) -> io::Result<()> {
    let mut to = io::stdout().lock();
    let written = to.write_all(text.as_ref()).and_then(|()| to.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints the manual page of a program, and those of its subcommands after it, as troff.
///
/// # Errors
/// When that cannot be written.
pub fn man(mut command: Command) -> io::Result<()> {
    command.build();
    let mut pages = Vec::new();
    of_command(&command, &mut pages)?;
    // What a program says after its options is of no kind that the generator knows; and it refers to each subcommand as to a page by
    // itself, where all of them are in this one.
    let pages = String::from_utf8_lossy(&pages);
    let own = format!("{}\\-", command.get_name().replace('-', "\\-"));
    let mut text = String::new();
    for line in pages.lines() {
        text.push_str(match line {
            ".SH EXTRA" => ".SH NOTES",
            line if line.starts_with(&own) => line.trim_end_matches("(1)"),
            line => line,
        });
        text.push('\n');
    }
    print(text)
}

/// Writes the page of a command, and those of what is below it.
fn of_command(command: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    Man::new(command.clone()).render(to)?;
    let below = command.get_subcommands();
    for below in below.filter(|it| it.get_name() != "help") {
        let name = format!("{}-{}", command.get_name(), below.get_name());
        of_command(&below.clone().name(name), to)?;
    }
    Ok(())
}

/// Prints what a shell completes a program's command line with.
///
/// # Errors
/// When that cannot be written.
pub fn complete(shell: Shell, mut command: Command) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name.clone(), &mut script);
    if shell == Shell::Bash {
        // Where a name has a hyphen, its states are called otherwise where they are set than where they are looked for.
        let script = String::from_utf8_lossy(&script);
        let found = name.replace('-', "__subcmd__");
        let script = script.replace(&found, &name.replace('-', "__"));
        return print(script);
    }
    print(script)
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
            man(command)?;
        } else if let Some(shell) = self.completions {
            complete(shell, command)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}
