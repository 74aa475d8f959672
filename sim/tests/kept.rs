//! Worlds around a store keep every invariant.

use chat_sim::explore::file;
use chat_sim::kept::{World, play};
use std::fs;
use std::path::Path;

#[test]
fn what_is_accepted_is_kept_through_anything() {
    for seed in 0..3000 {
        let world = World::draw(seed, false);
        let played = play(&world, false);
        assert_eq!(played.broken, None, "seed {seed}: {world:#?}");
    }
}

#[test]
fn the_same_world_tells_the_same_story_from_a_file_too() {
    for seed in 0..100 {
        let world = World::draw(seed, false);
        let played = play(&world, true);
        assert!(!played.story.is_empty());
        let text = file::write(&world, &["a comment".into()]).unwrap();
        assert!(file::is_kept(&text) && !file::is_world(&text));
        assert_eq!(play(&file::read_kept(&text).unwrap(), true), played);
    }
}

/// Small worlds in which something was wrong once.
#[test]
fn worlds_in_which_a_promise_was_broken_once_keep_it() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/kept");
    let mut worlds = 0;
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        let world = file::read_kept(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(play(&world, false).broken, None, "{}", path.display());
        worlds += 1;
    }
    assert!(worlds > 0);
}
