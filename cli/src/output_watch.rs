//! Whether anybody reads standard output, also while nothing is written to it.

use crate::writer::Writer;
use std::io;

/// Has the writer fail once nobody reads what it writes to standard output any more.
#[cfg(unix)]
pub(crate) fn start(writer: Writer) -> io::Result<()> {
    let watch = move || {
        if ends(io::stdout()) {
            writer.fail(io::ErrorKind::BrokenPipe);
        }
    };
    std::thread::Builder::new()
        .name("reader's end".into())
        .spawn(watch)?;
    Ok(())
}

/// Here, nobody knows before something is written.
#[cfg(not(unix))]
pub(crate) fn start(_: Writer) -> io::Result<()> {
    Ok(())
}

/// Waits until the other end of a pipe, or a terminal, is gone; whether that can be known.
#[cfg(unix)]
fn ends(out: impl std::os::fd::AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    loop {
        let mut watched = [PollFd::new(&out, PollFlags::empty())];
        match poll(&mut watched, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => return !watched[0].revents().is_empty(),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::ends;
    use std::io::{Read, Write};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn the_end_of_a_pipe_is_known_when_its_reader_is_gone_and_not_before() {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        let (told, news) = mpsc::channel();
        let watched = writer.try_clone().unwrap();
        thread::spawn(move || told.send(ends(watched)));
        // What is written and read is no end.
        writer.write_all(b"a").unwrap();
        reader.read_exact(&mut [0]).unwrap();
        assert!(news.recv_timeout(Duration::from_millis(50)).is_err());
        drop(reader);
        assert!(news.recv_timeout(Duration::from_secs(60)).unwrap());
    }
}
