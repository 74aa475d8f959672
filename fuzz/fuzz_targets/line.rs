//! Target `line`: what it checks is told in [`chat_fuzz::line`].
//!
//! Built by cargo-fuzz it fuzzes; built by plain cargo it replays the files given as arguments.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| chat_fuzz::line::check(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    chat_fuzz::replay(chat_fuzz::line::check)
}
