//! Which names are taken for one another, and which texts show nothing: the rules of PROTOCOL.md, stated once more, for all
//! that checks runs.

use unicode_security::confusable_detection::skeleton;

/// Whether two names cannot be in use at once: written as they are, all in small letters or all in capitals, one looks
/// like the other in one of these ways.
pub(crate) fn are_alike(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    let others = looks(other);
    looks(one).iter().any(|look| others.contains(look))
}

fn looks(name: &str) -> Vec<String> {
    let ways = if name.is_ascii() {
        vec![name.to_string()]
    } else {
        vec![name.to_string(), name.to_lowercase(), name.to_uppercase()]
    };
    let look = |way: &String| {
        let look: String = if way.is_ascii() {
            way.clone()
        } else {
            skeleton(way).collect()
        };
        let look = look.to_lowercase().replace(['1', 'i'], "l");
        let look = look.replace('0', "o").replace('m', "rn");
        look.trim_end_matches(|c| "._-".contains(c)).to_string()
    };
    ways.iter().map(look).collect()
}

/// Whether a text changes how what stands after it is written: a control of direction has no other end, or no beginning,
/// in it.
pub(crate) fn turns_what_follows(text: &str) -> bool {
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push('\u{202c}'),
            '\u{2066}' | '\u{2067}' | '\u{2068}' => open.push('\u{2069}'),
            '\u{202c}' | '\u{2069}' if open.pop() != Some(c) => return true,
            _ => {}
        }
    }
    !open.is_empty()
}

/// Whether nothing of a text is seen.
pub(crate) fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
    })
}

/// Whether more marks stand on a character than are shown.
pub(crate) fn is_piled_up(text: &str) -> bool {
    // Of those that are drawn; the letters of their scripts are not.
    let is_mark = |c| matches!(c, '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}');
    let mut marks = text.split(|c| !is_mark(c));
    marks.any(|marks| marks.chars().count() > 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_the_core() {
        let names = [
            "ann", "Ann", "anп", "аnn", "alice", "al1ce", "aIice", "alice.", "bob", "b0b", "сосо",
            "coco", "СОСО", "нота", "hota", "Ναν", "nav", "nan", "rnax", "max", "Zoë", "zoe",
            "USER5000", "USER5OOO", "USER5001",
        ];
        let names = names.map(|name| (name, chat_core::Name::parse(name)));
        for (one, parsed) in &names {
            for (other, parsed_other) in &names {
                if let (Ok(a), Ok(b)) = (parsed, parsed_other) {
                    assert_eq!(a.is_like(b), are_alike(one, other), "{one} {other}");
                }
            }
        }
        for c in ('\0'..=char::MAX).filter(|c| !c.is_control()) {
            let text = c.to_string();
            assert_eq!(shows_nothing(&text), chat_core::is_blank(&text), "{c:?}");
        }
    }
}
