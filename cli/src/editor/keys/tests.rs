use super::decoder::{MAX_AFTER, MAX_SEQUENCE, SEQUENCE_PATIENCE};
use super::*;
use chat_core::Timestamp;
use std::time::Duration;

const NOW: Timestamp = Timestamp::ZERO;

/// The keys of these bytes, however they are chunked, and of waiting for long.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let read = |sizes: &[usize]| {
        let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
        let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
        while !rest.is_empty() {
            let size = *sizes.next().unwrap();
            let (chunk, tail) = rest.split_at(size.clamp(1, rest.len()));
            decoder.read(NOW, chunk, &mut keys);
            rest = tail;
        }
        if let Some(due) = decoder.next_timeout() {
            decoder.timeout(due, &mut keys);
        }
        assert_eq!(decoder.next_timeout(), None);
        keys
    };
    let whole = read(&[usize::MAX]);
    for sizes in [&[1][..], &[2], &[3], &[1, 4, 2]] {
        if !bytes.windows(2).any(|pair| pair == b"\r\n") {
            assert_eq!(read(sizes), whole, "{sizes:?}");
        }
    }
    whole
}

fn paste(text: &str, bytes: usize) -> Key {
    Key::Pasted(Pasted {
        text: text.into(),
        bytes,
        is_marked: true,
    })
}

#[test]
fn characters_and_control_characters() {
    let typed = keys("aé日\u{1f600}".as_bytes());
    assert_eq!(typed, ['a', 'é', '日', '\u{1f600}'].map(Key::Char));
    assert_eq!(keys(b"\x01\x05\x0b"), ['a', 'e', 'k'].map(Key::Ctrl));
    assert_eq!(keys(b"\x1c\x00"), ['\\', '@'].map(Key::Ctrl));
    assert_eq!(keys(b"\r\t"), [Key::Enter, Key::Tab]);
    assert_eq!(
        keys(b"\n\x7f\x08"),
        [Key::Enter, Key::Backspace, Key::Backspace]
    );
    assert_eq!(keys(b"\r\n"), [Key::Enter]);
    assert_eq!(keys("\u{85}".as_bytes()), [Key::Other]);
}

#[test]
fn sequences() {
    let arrows = [
        Key::Up,
        Key::Down,
        Key::Right,
        Key::Left,
        Key::End,
        Key::Home,
    ];
    assert_eq!(keys(b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[F\x1b[H"), arrows);
    assert_eq!(keys(b"\x1bOA\x1bOB\x1bOC\x1bOD\x1bOF\x1bOH"), arrows);
    assert_eq!(
        keys(b"\x1b[1~\x1b[4~\x1b[3~"),
        [Key::Home, Key::End, Key::Delete]
    );
    assert_eq!(keys(b"\x1b[1;5D\x1b[1;3C"), [Key::WordLeft, Key::WordRight]);
    assert_eq!(
        keys(b"\x1b[Z\x1bb\x1b\x7f"),
        [Key::BackTab, Key::Alt('b'), Key::AltBackspace]
    );
    assert_eq!(keys("\x1bé".as_bytes()), [Key::Alt('é')]);
    assert_eq!(keys(b"\x1b[[Bx"), [Key::Other, Key::Char('x')]);
    assert_eq!(keys(b"\x1b[[A\x1bOP\x1b[11~"), [const { Key::Help }; 3]);
    assert_eq!(keys(b"\x1b[5~\x1b[6~"), [Key::PageUp, Key::PageDown]);
    assert_eq!(keys(b"\x1b[I\x1b[O"), [true, false].map(Key::Focus));
    assert_eq!(keys(b"\x1b\rx"), [Key::AltEnter, Key::Char('x')]);
    assert_eq!(keys(b"\x1b[<0;1;1Mx"), [Key::Other, Key::Char('x')]);
}

#[test]
fn what_is_not_ended_is_resolved_by_time() {
    assert_eq!(keys(b"\x1b"), [Key::Escape]);
    assert_eq!(keys(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
    assert_eq!(keys(b"\x1b["), [Key::Alt('[')]);
    assert_eq!(keys(b"\x1bO"), [Key::Alt('O')]);
    assert_eq!(keys(b"\x1b]"), [Key::Alt(']')]);
    assert_eq!(keys(b"\x1b[1;"), [Key::Other]);
    assert_eq!(keys(b"\xe6\x97"), [Key::Garbage]);
    let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
    decoder.read(NOW, b"\x1b", &mut keys);
    let due = decoder.next_timeout().unwrap();
    assert_eq!(due, NOW + SEQUENCE_PATIENCE);
    decoder.timeout(Timestamp::from_micros(due.as_micros() - 1), &mut keys);
    assert_eq!(keys, []);
    decoder.timeout(due, &mut keys);
    assert_eq!(keys, [Key::Escape]);
}

#[test]
fn garbage_costs_no_character_beside_it() {
    assert_eq!(
        keys(b"a\xffb"),
        [Key::Char('a'), Key::Garbage, Key::Char('b')]
    );
    assert_eq!(keys(b"\xe6a"), [Key::Garbage, Key::Char('a')]);
    let two = keys(b"\xe6\xe6\x97\xa5");
    assert_eq!(two, [Key::Garbage, Key::Char('日')]);
    assert_eq!(
        keys(b"\x1b[1\x01a"),
        [Key::Other, Key::Ctrl('a'), Key::Char('a')]
    );
}

#[test]
fn sequences_and_strings_end_at_their_limit() {
    for begin in [&b"\x1b["[..], b"\x1b]"] {
        let mut bytes = begin.to_vec();
        bytes.extend([b'1'; MAX_SEQUENCE]);
        let mut longer = bytes.clone();
        longer.extend(b"1");
        assert_eq!(keys(&bytes), [Key::Other], "at the limit it is not ended");
        bytes.extend(b"\x07x");
        assert!(keys(&bytes).ends_with(&[Key::Char('x')]));
        longer.extend(b"x");
        assert!(keys(&longer).ends_with(&[Key::Char('x')]));
    }
    assert_eq!(
        keys(b"\x1b]11;rgb:0/0/0\x1b\\x"),
        [Key::Other, Key::Char('x')]
    );
}

#[test]
fn a_paste_is_one_key() {
    assert_eq!(
        keys(b"\x1b[200~one\rtwo\x1b[201~x"),
        [paste("one\ntwo", 7), Key::Char('x')]
    );
    assert_eq!(keys(b"\x1b[200~\x1b[20\x1b[201~"), [paste("\x1b[20", 4)]);
    assert_eq!(keys(b"\x1b[200~a\r\nb\n\x1b[201~"), [paste("a\nb\n", 5)]);
    assert_eq!(keys(b"\x1b[201~"), [Key::Other]);
    // Never ended: time ends it.
    assert_eq!(keys(b"\x1b[200~one\r"), [paste("one\n", 4)]);
}

#[test]
fn an_end_mark_in_the_text_of_a_paste_does_not_end_it() {
    assert_eq!(
        keys(b"\x1b[200~one\x1b[201~\r/leave\r\x1b[200~rm\r\x1b[201~x"),
        [
            paste("one\x1b[201~\n/leave\n\x1b[200~rm\n", 26),
            Key::Char('x')
        ]
    );
    // Without another end mark, what follows it is typed, unless it is too much for that.
    for more in [0, 1] {
        let typed = "x".repeat(MAX_AFTER + more);
        let sent = format!("\x1b[200~one\x1b[201~{typed}");
        let mut typed: Vec<Key> = typed.chars().map(Key::Char).collect();
        if more == 0 {
            typed.insert(0, paste("one", 3));
            assert_eq!(keys(sent.as_bytes()), typed);
        } else {
            let text = &sent["\x1b[200~".len()..];
            assert_eq!(keys(sent.as_bytes()), [paste(text, text.len())]);
        }
    }
    let at = |millis: u64| NOW + Duration::from_millis(millis);
    let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
    decoder.read(at(0), b"\x1b[200~one\x1b[201~", &mut keys);
    assert_eq!(decoder.next_timeout(), Some(at(25)));
    decoder.timeout(at(24), &mut keys);
    assert_eq!(keys, []);
    decoder.timeout(at(25), &mut keys);
    assert_eq!(keys, [paste("one", 3)]);
}

#[test]
fn a_paste_that_nobody_ends_is_over_whatever_is_pressed_meanwhile() {
    let at = |millis: u64| NOW + Duration::from_millis(millis);
    let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
    decoder.read(at(0), b"\x1b[200~one", &mut keys);
    // It comes slowly, then in another piece; then there are keys.
    decoder.read(at(24), b"t", &mut keys);
    decoder.read(at(4000), b"wo three four", &mut keys);
    for second in 5..9 {
        decoder.timeout(at(second * 1000), &mut keys);
        decoder.read(at(second * 1000), b"x", &mut keys);
    }
    decoder.timeout(at(8999), &mut keys);
    assert_eq!(keys, []);
    decoder.timeout(at(9000), &mut keys);
    assert_eq!(keys, [paste("onetwo three fourxxxx", 21)]);
}

#[test]
fn a_paste_at_the_limit_is_whole_and_one_past_it_is_counted() {
    for (length, text) in [
        (MAX_PASTE, MAX_PASTE),
        (MAX_PASTE + 1, 0),
        (MAX_PASTE * 2, 0),
    ] {
        let mut bytes = b"\x1b[200~".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', length));
        bytes.extend(b"\x1b[201~");
        let (mut decoder, mut keys) = (Decoder::default(), Vec::new());
        decoder.read(NOW, &bytes, &mut keys);
        decoder.timeout(decoder.next_timeout().unwrap(), &mut keys);
        assert_eq!(keys, [paste(&"x".repeat(text), length)]);
    }
}
