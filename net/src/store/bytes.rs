//! Files that are gone through to their end, and zeros.

use super::disk::File;
use super::error::Fault;
use std::io;

/// Reads a file from a place to its end, a part at a time.
pub(super) fn read_all(
    file: &dyn File,
    from: u64,
    mut each: impl FnMut(u64, &[u8]),
) -> Result<(), Fault> {
    let mut len = file.len()?;
    let mut bytes = vec![0; 256 * 1024];
    let mut at = from;
    while at < len {
        let length = usize::try_from(len - at)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let part = &mut bytes[..length];
        if let Err(error) = file.read(at, part) {
            len = shorter(file, len, error)?;
            continue;
        }
        each(at, part);
        at += length as u64;
    }
    Ok(())
}

/// The length of a file that could not be read so far as it went, if zeros at its end were cut off meanwhile.
pub(super) fn shorter(file: &dyn File, than: u64, error: io::Error) -> Result<u64, Fault> {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let len = file.len()?;
        if len < than {
            return Ok(len);
        }
    }
    Err(error.into())
}

pub(super) fn write_zeros(file: &dyn File, from: u64, to: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at)
            .unwrap_or(usize::MAX)
            .min(ZEROS.len());
        file.write(at, &ZEROS[..length])?;
        at += length as u64;
    }
    Ok(())
}
