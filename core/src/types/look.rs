//! How names look (PROTOCOL.md, "Names"): two that are taken for one another cannot be in use at the same time.

use super::name::Name;
use alloc::borrow::Cow;
use alloc::string::String;
use unicode_security::confusable_detection::skeleton;

/// What a name looks like: names with a look in common are taken for one another.
///
/// Its text is compared without regard to case, to what stands at its end and says nothing, and to which of the
/// characters of ASCII that look alike it has: `1`, `i` and `l`; `0` and `o`; `m` and `rn`.
#[derive(Clone, Debug)]
struct Look<'a>(Cow<'a, str>);

/// Names that nobody may ask for (PROTOCOL.md, "Names"), nor one that is taken for any of them.
pub(crate) const RESERVED: [&str; 8] = [
    "admin",
    "administrator",
    "everyone",
    "here",
    "moderator",
    "operator",
    "server",
    "system",
];

impl Name {
    /// Whether nobody may take it: it would be believed to speak for the server, or for everyone.
    pub(crate) fn is_reserved(&self) -> bool {
        /// Most names are told from all of them by this.
        const NUMBERS: [u64; RESERVED.len()] = {
            let (mut numbers, mut nth) = ([0; RESERVED.len()], 0);
            while nth < RESERVED.len() {
                numbers[nth] = number(RESERVED[nth].as_bytes());
                nth += 1;
            }
            numbers
        };
        self.looks().any(|look| {
            let mut reserved = RESERVED.iter();
            NUMBERS.contains(&look.number()) && reserved.any(|it| look.folded().eq(folded(it)))
        })
    }

    /// All that it looks like: one, where it is of ASCII; otherwise what UTS 39's skeleton makes of it as it
    /// is written, in small letters, and in capitals.
    ///
    /// There is more than one because letters of other scripts look like two of ours: a small Greek nu is a
    /// `v`, and a capital one an `N`, which are not the same to anybody.
    fn looks(&self) -> impl Iterator<Item = Look<'_>> {
        let text = self.as_str();
        let of = |text: &str| Look(skeleton(text).collect::<String>().to_lowercase().into());
        let (first, others) = if text.is_ascii() {
            (Look(text.into()), None)
        } else {
            let others = [of(&text.to_lowercase()), of(&text.to_uppercase())];
            (of(text), Some(others))
        };
        core::iter::once(first).chain(others.into_iter().flatten())
    }

    /// Its looks as numbers, in the same order: names that are alike have one in common. Others may have as well. The first one
    /// is the same for names that differ in case alone.
    pub(crate) fn look_numbers(&self) -> impl Iterator<Item = u64> {
        self.looks().map(|look| look.number())
    }

    /// Whether one is taken for the other.
    ///
    /// ```
    /// use chat_core::Name;
    /// let alike = |a, b| Name::parse(a).unwrap().is_like(&Name::parse(b).unwrap());
    /// assert!(alike("alice", "AL1CE") && alike("coco", "СОСО"));
    /// assert!(!alike("alice", "alicia"));
    /// ```
    pub fn is_like(&self, other: &Self) -> bool {
        self.looks()
            .any(|look| other.looks().any(|own| own == look))
    }
}

impl Look<'_> {
    /// What is compared.
    fn folded(&self) -> impl Iterator<Item = u8> {
        folded(&self.0)
    }

    /// A hash of that.
    fn number(&self) -> u64 {
        number(self.0.as_bytes())
    }
}

fn folded(text: &str) -> impl Iterator<Item = u8> {
    let bytes = text.as_bytes();
    let counted = bytes[..telling(bytes)].iter().map(|byte| fold(*byte));
    counted.flat_map(|(bytes, count)| bytes.into_iter().take(count))
}

/// A hash of what is compared of a text: FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>).
const fn number(text: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let (end, mut nth, mut hash) = (telling(text), 0, BASIS);
    while nth < end {
        let ([first, second], count) = fold(text[nth]);
        hash = (hash ^ first as u64).wrapping_mul(PRIME);
        if count > 1 {
            hash = (hash ^ second as u64).wrapping_mul(PRIME);
        }
        nth += 1;
    }
    hash
}

/// How much of a text is before what stands at its end and says nothing.
const fn telling(text: &[u8]) -> usize {
    let mut end = text.len();
    while end > 0 && matches!(text[end - 1], b'-' | b'_' | b'.') {
        end -= 1;
    }
    end
}

/// What a byte is compared as: one, or two.
const fn fold(byte: u8) -> ([u8; 2], usize) {
    match byte.to_ascii_lowercase() {
        b'1' | b'i' => ([b'l', 0], 1),
        b'0' => ([b'o', 0], 1),
        b'm' => (*b"rn", 2),
        other => ([other, 0], 1),
    }
}

impl PartialEq for Look<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.folded().eq(other.folded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn alike(a: &str, b: &str) -> bool {
        name(a).is_like(&name(b))
    }

    #[test]
    fn what_is_taken_for_alice_is_like_alice() {
        for other in [
            "alice",
            "ALICE",
            "aIice",
            "al1ce",
            "AL1CE",
            "alice.",
            "alice-_.",
            "Alice_",
            "ａｌｉｃｅ",
        ] {
            assert!(alike("alice", other), "{other}");
        }
        for other in ["alicia", "alice2", "al.ice", "a-lice", "älice", "alicé"] {
            assert!(!alike("alice", other), "{other}");
        }
    }

    #[test]
    fn names_of_another_script_are_like_what_they_look_like_in_small_letters_or_in_capitals() {
        for (other, ours) in [
            ("сосо", "coco"),
            ("СОСО", "c0c0"),
            ("Ева", "EBA"),
            ("нота", "HOTA"),
            ("Ναν", "nav"),
            ("ναν", "vav"),
            ("ναν", "nan"),
            ("ΡΟΚ", "pok"),
            ("ο", "0"),
            ("роок", "pook"),
        ] {
            assert!(alike(other, ours) && alike(ours, other), "{other} {ours}");
        }
        // So the likeness of two to a third makes none of them alike.
        assert!(!alike("vav", "nan"));
        assert!(alike("ГА", "ΓΑ") && alike("Đan", "Ðan"));
        assert!(!alike("Аня", "Алиса") && !alike("Zoë", "zoe"));
    }

    #[test]
    fn what_looks_like_a_reserved_name_is_reserved() {
        for reserved in [
            "Admin",
            "adm1n",
            "ADMIN.",
            "adrnin",
            "0perator",
            "ЅУЅТЕМ",
            "Ѕуѕтем",
        ] {
            assert!(name(reserved).is_reserved(), "{reserved}");
        }
        for free in ["administer", "s3rver", "hère"] {
            assert!(!name(free).is_reserved(), "{free}");
        }
    }

    #[test]
    fn no_two_ports_give_names_that_are_alike() {
        let looks: BTreeSet<u64> = (0..=u16::MAX)
            .filter_map(|port| Name::of_port(port).look_numbers().next())
            .collect();
        assert_eq!(looks.len(), usize::from(u16::MAX) + 1);
    }

    #[test]
    fn no_two_numbers_give_names_that_are_alike() {
        let looks: BTreeSet<u64> = (2..=1000)
            .filter_map(|n| name("ann").numbered(n))
            .filter_map(|name| name.look_numbers().next())
            .collect();
        assert_eq!(looks.len(), 999);
    }

    /// What a name of ASCII looks like is told without the tables of Unicode.
    #[test]
    fn what_ascii_looks_like_is_what_its_skeleton_says() {
        let bytes = (b'0'..=b'z').filter(u8::is_ascii_alphanumeric);
        for c in bytes.map(char::from) {
            let skeleton: String = skeleton(c.encode_utf8(&mut [0; 4])).collect();
            let own = c.encode_utf8(&mut [0; 4]).to_lowercase();
            assert!(folded(&skeleton).eq(folded(&own)), "{c} is {skeleton}");
        }
    }

    proptest! {
        #[test]
        fn likeness_is_mutual_and_knows_no_case(a in "[a-zA-Z0-9._-]{1,6}|[а-яА-Я]{1,4}|[α-ωΑ-Ω]{1,4}|\\PC{1,4}", b in "[il1o0mrnv]{1,3}|[а-яА-Я]{1,2}") {
            let parsed = [Name::parse(&a), Name::parse(&b)];
            if let [Ok(a), Ok(b)] = parsed {
                prop_assert_eq!(a.is_like(&b), b.is_like(&a));
                for same in [a.as_str().to_lowercase(), a.as_str().to_uppercase()] {
                    if let Ok(same) = Name::parse(&same) {
                        prop_assert!(a.is_like(&same), "{} {}", a, same);
                    }
                }
                prop_assert_eq!(&Name::parse(a.as_str()), &Ok(a.clone()));
            }
        }

        /// [`ByName`](crate::room) files names by these.
        #[test]
        fn names_that_differ_in_case_have_the_same_numbers(a in "[a-zA-Z0-9à-öÀ-Öа-я._-]{1,8}|\\PC{1,4}") {
            let spellings = [a.clone(), a.to_ascii_lowercase(), a.to_ascii_uppercase()];
            let names = spellings.map(|text| Name::parse(&text));
            if let [Ok(a), Ok(small), Ok(large)] = names {
                let [a, small, large] = [a, small, large].map(|it| it.look_numbers().collect::<alloc::vec::Vec<_>>());
                prop_assert_eq!(&a, &small);
                prop_assert_eq!(&a, &large);
            }
        }

        /// Between names of ASCII it is an equivalence: one look is all of it.
        #[test]
        fn a_look_is_stable(a in "[a-zA-Z0-9._-]{1,8}") {
            let once: alloc::vec::Vec<u8> = folded(&a).collect();
            let again: alloc::vec::Vec<u8> = folded(core::str::from_utf8(&once).unwrap()).collect();
            prop_assert_eq!(once, again);
        }
    }
}
