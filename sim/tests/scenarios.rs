//! Every scenario, as it is to be told: nothing is broken that is promised or
//! expected, and its transcript is the one that was reviewed.

use std::path::Path;

use chat_sim::{faults, load, report, run};

#[test]
fn transcripts() {
    insta::with_settings!({
        snapshot_path => "snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::glob!("../scenarios", "*.ron", |path| {
            let scenario = load(path).unwrap_or_else(|error| panic!("{error}"));
            let record = run(&scenario, scenario.seed);
            let faults = faults(&scenario, &record);
            assert!(faults.is_empty(), "{}:\n{}", path.display(), faults.join("\n"));
            let transcript = format!(
                "{}\n\n{}{}",
                scenario.about,
                report::story(&record),
                report::screens(&record)
            );
            insta::assert_snapshot!("transcript", transcript);
        });
    });
}

#[test]
fn the_documented_screens_byte_for_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for dialect in ["documented.ron", "documented-json.ron"] {
        let scenario = load(&root.join("scenarios").join(dialect)).unwrap();
        let record = run(&scenario, scenario.seed);
        for name in ["server", "client-1", "client-2"] {
            let file = root
                .join("../tests/documented")
                .join(name)
                .with_extension("txt");
            let documented = std::fs::read_to_string(&file).unwrap();
            let shown = &record.screen(name).unwrap().shown;
            assert_eq!(
                String::from_utf8_lossy(shown),
                documented,
                "{name} in {dialect}"
            );
        }
    }
}

#[test]
fn the_example_in_the_readme() {
    let readme = include_str!("../README.md");
    let example = readme.split("```ron\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme.ron");
    std::fs::write(&path, example).unwrap();
    let scenario = load(&path).unwrap_or_else(|error| panic!("{error}"));
    let faults = faults(&scenario, &run(&scenario, scenario.seed));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is expected of a scenario does not depend on luck.
#[test]
fn other_seeds() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for file in chat_sim::files(&scenarios).unwrap() {
        let scenario = load(&file).unwrap();
        if scenario.crowd.is_some() {
            continue;
        }
        for seed in 2..4 {
            let faults = faults(&scenario, &run(&scenario, seed));
            let file = file.display();
            assert!(
                faults.is_empty(),
                "{file}, seed {seed}:\n{}",
                faults.join("\n")
            );
        }
    }
}
