//! Worlds around a store keep every promise.

use chat_sim::kept::{World, play};

#[test]
fn what_is_accepted_is_kept_through_anything() {
    for seed in 0..3000 {
        let world = World::draw(seed);
        let (broken, _) = play(&world);
        assert_eq!(broken, None, "seed {seed}: {world:#?}");
    }
}
