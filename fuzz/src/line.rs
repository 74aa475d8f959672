//! Framing: lines out of chunks.

use chat_core::{Line, LineReader};

/// Checks [`LineReader`] on one stream of bytes.
///
/// The first byte of `data` chooses the limit (its value modulo 32: `0` is 16, `a` is 1). In the
/// rest, `|` marks where one chunk ends and the next begins, and is not part of the stream.
///
/// Properties, for any stream, chunks and limit:
/// - the lines are those of the stream split at `\n`, each without one `\r` at its end, in order,
///   however the stream was chunked; so nothing is lost, after a bad line either;
/// - a line over the limit, and no other, is reported as too long, once, with its beginning;
/// - a chunk is used up when no more lines come;
/// - what is held for an unended line is all of it up to the limit, never more than the limit and
///   one byte, and nothing between lines.
///
/// # Panics
/// When a property does not hold.
pub fn check(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else {
        return;
    };
    let limit = usize::from(first % 32);
    let chunks: Vec<&[u8]> = stream.split(|b| *b == b'|').collect();
    let whole = chunks.concat();
    let (ended, tail) = match whole.iter().rposition(|b| *b == b'\n') {
        Some(last) => whole.split_at(last + 1),
        None => (&[][..], &whole[..]),
    };
    let expected: Vec<_> = ended
        .split_inclusive(|b| *b == b'\n')
        .map(|line| expected(line, limit))
        .collect();

    let mut reader = LineReader::new(limit);
    let mut found = Vec::new();
    for mut chunk in chunks {
        while let Some(line) = reader.next(&mut chunk) {
            found.push(owned(line));
            assert!(reader.held() <= limit + 1, "holds too much");
        }
        assert!(chunk.is_empty(), "a part of a chunk was not looked at");
        assert!(reader.held() <= limit + 1, "holds too much");
    }
    assert_eq!(found, expected, "limit {limit}");
    assert_eq!(reader.is_mid_line(), !tail.is_empty());
    assert_eq!(reader.held(), tail.len().min(limit + 1));

    let mut alone = &whole[..];
    let mut reader = LineReader::new(limit);
    let mut found = Vec::new();
    while let Some(line) = reader.next(&mut alone) {
        found.push(owned(line));
    }
    assert_eq!(found, expected, "limit {limit}, in one chunk");
}

/// Whether a line is whole, and what is reported of it.
type Reported = (bool, Vec<u8>);

fn owned(line: Line<'_>) -> Reported {
    match line {
        Line::Whole(line) => (true, line.to_vec()),
        Line::TooLong(start) => (false, start.to_vec()),
    }
}

fn expected(line: &[u8], limit: usize) -> Reported {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > limit {
        (false, line[..limit].to_vec())
    } else {
        (true, line.to_vec())
    }
}
