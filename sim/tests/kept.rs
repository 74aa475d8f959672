//! Worlds around a store keep every invariant.

use chat_sim::explore::file;
use chat_sim::kept::{World, play};

#[test]
fn what_is_accepted_is_kept_through_anything() {
    for seed in 0..3000 {
        let world = World::draw(seed);
        let played = play(&world, false);
        assert_eq!(played.broken, None, "seed {seed}: {world:#?}");
    }
}

#[test]
fn the_same_world_tells_the_same_story_from_a_file_too() {
    for seed in 0..100 {
        let world = World::draw(seed);
        let played = play(&world, true);
        assert!(!played.story.is_empty());
        let text = file::write(&world, &["a comment".into()]).unwrap();
        assert!(file::is_kept(&text) && !file::is_world(&text));
        assert_eq!(play(&file::read_kept(&text).unwrap(), true), played);
    }
}
