//! How many instructions the core's work takes: `cargo bench -p chat-core --bench instructions`.
//!
//! They are counted by callgrind, a tool of valgrind, in which this program runs itself once for
//! each size of the room. Unlike times they do not depend on what else the machine does, so that a
//! change of a few in a hundred is a change of the code. Without valgrind nothing is counted.
//! With `-- --check` all is done once and not counted, to see that it can be.

mod scenario;

use chat_core::{ConnId, FirstLine, Line, LineReader, MAX_LINE, Request, ServerLine};
use scenario::{SIZES, World, lines};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Callgrind knows this function by its name, and counts only what it does.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    black_box(()); // No tail call.
}

/// Callgrind knows this one, too: when it ends, what was counted since it last did is written to
/// a file. The rows say for how many operations of what kind those counts stand.
#[inline(never)]
fn done(rows: &[(&str, usize)]) {
    for (what, operations) in rows.iter().filter(|(what, _)| !what.is_empty()) {
        println!("{operations}\t{what}");
    }
    println!("-");
}

const COUNTED: &str = "instructions::counted*";
const DONE: &str = "instructions::done*";

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, mode, members] = &*arguments
        && mode == "--counted"
    {
        match &**members {
            "lines" => lines_alone(),
            "rooms" => rooms(),
            members => room(members.parse().expect("a number")),
        }
    } else if arguments.iter().any(|argument| argument == "--check") {
        lines_alone();
        SIZES.into_iter().for_each(room);
        rooms();
    } else if arguments.iter().any(|argument| argument == "--bench") {
        report();
    } else {
        println!("nothing counted: `cargo bench` does that");
    }
}

// What is counted.

/// Framing and decoding, which know of no room.
fn lines_alone() {
    let input = lines(1_000);
    for (what, chunk) in [
        ("framed, 1,000 lines in one read", input.len()),
        ("framed, in reads of 1,460 bytes", 1_460),
        ("framed, in reads of 16 bytes", 16),
    ] {
        let mut reader = LineReader::new(MAX_LINE);
        let mut found = 0;
        counted(&mut || {
            for mut chunk in input.chunks(chunk) {
                while let Some(line) = reader.next(&mut chunk) {
                    found += usize::from(matches!(black_box(line), Line::Whole(_)));
                }
            }
        });
        assert_eq!(found, 1_000);
        done(&[(what, found)]);
    }
    counted(&mut || {
        for _ in 0..1_000 {
            black_box(FirstLine::decode(black_box(b"JOIN ann")));
        }
    });
    done(&[("decoded, a first line", 1_000)]);
    let ascii = "x".repeat(63);
    for (what, line) in [
        ("decoded, what is said, ASCII", &ascii),
        ("decoded, what is said, not ASCII", &("é".repeat(31) + "x")),
        (
            "decoded, what is said, with a control character",
            &("x".repeat(62) + "\u{7}"),
        ),
    ] {
        counted(&mut || {
            for _ in 0..1_000 {
                let _ = black_box(Request::decode(black_box(line.as_bytes())));
            }
        });
        done(&[(what, 1_000)]);
    }
    let said = format!("ann: {ascii}");
    counted(&mut || {
        for _ in 0..1_000 {
            black_box(ServerLine::decode(black_box(&said)));
        }
    });
    done(&[("decoded, what a client hears", 1_000)]);
}

/// A room of so many members.
fn room(members: usize) {
    const MANY: usize = 500;
    let mut world = World::of(members);
    let speakers: [ConnId; 10] = world.members[..10].try_into().expect("ten members");

    for (what, reads, read) in [
        ("append, a line in each read", MANY, lines(1)),
        ("append, 500 lines in one read", 1, lines(MANY)),
    ] {
        let append = |world: &mut World| {
            for _ in 0..reads {
                world.receive(speakers[0], &read);
            }
        };
        counted(&mut || append(&mut world));
        world.settle();
        done(&[(what, MANY)]);
    }

    // As many deliveries in a small room as in a large one.
    let rounds = (10_000 / members).max(1);
    for (lines_each, speakers, labels) in [
        (
            1,
            &speakers[..1],
            ["delivery of 1 line, to each member", ""],
        ),
        (
            10,
            &speakers[..1],
            ["delivery of 10 lines, to each member", "– per line"],
        ),
        (
            100,
            &speakers[..1],
            ["delivery of 100 lines, to each member", "– per line"],
        ),
        (
            10,
            &speakers[..],
            [
                "delivery of 100 lines said by 10 members in turns, to each member",
                "– per line",
            ],
        ),
    ] {
        let line = lines(1);
        let mut writes = 0;
        for _ in 0..rounds {
            for speaker in speakers.iter().cycle().take(lines_each * speakers.len()) {
                world.receive(*speaker, &line);
            }
            counted(&mut || writes += world.settle());
        }
        // Whoever alone has spoken has nothing to hear.
        let silent = usize::from(speakers.len() == 1);
        assert_eq!(writes, rounds * (members - silent));
        // Every line is for everyone but its speaker.
        let heard = rounds * lines_each * speakers.len() * (members - 1);
        let [each, per_line] = labels;
        done(&[(each, writes), (per_line, heard)]);
    }

    for warm in [true, false] {
        let newcomers: Vec<_> = (0..MANY).map(|_| world.newcomer()).collect();
        let mut came = Vec::with_capacity(MANY);
        let mut join = || {
            for first_line in &newcomers {
                came.push(world.join(first_line));
            }
        };
        if warm {
            join();
        } else {
            counted(&mut join);
            done(&[("join", MANY)]);
        }
        world.settle();
        let mut leave = || {
            for member in &came {
                world.leave(*member);
            }
        };
        if warm {
            leave();
        } else {
            counted(&mut leave);
            done(&[("leave", MANY)]);
        }
        world.settle();
    }
}

/// A thousand members in one room, in many, and each in several: what each is sent at once is the same.
fn rooms() {
    const MEMBERS: usize = 1_000;
    let text = "x".repeat(63);
    let json =
        |room: &str| format!("{{\"type\":\"say\",\"room\":\"{room}\",\"text\":\"{text}\"}}\n");
    let join = |nth: usize| format!("{{\"type\":\"join\",\"room\":\"r{nth}\"}}\n");
    let count = |world: &mut World, what: &str, lines: &[(usize, String)], each: usize| {
        for is_counted in [false, true] {
            let mut writes = 0;
            let rounds = 10;
            for _ in 0..rounds {
                for (speaker, line) in lines {
                    world.receive(world.members[*speaker], line.as_bytes());
                }
                let mut settle = || writes += world.settle();
                if is_counted {
                    counted(&mut settle);
                } else {
                    settle();
                }
            }
            if is_counted {
                // Who speaks in the text dialect hears nothing of it.
                assert!((MEMBERS - lines.len()..=MEMBERS).contains(&(writes / rounds)));
                done(&[(what, rounds * MEMBERS * each)]);
            }
        }
    };

    let mut world = World::of_rooms(MEMBERS, |nth| format!("JOIN m{nth}\n"));
    let said = [(0, format!("{text}\n"))];
    count(&mut world, "1 line a write, in one room", &said, 1);
    let mut world = World::of_rooms(MEMBERS, |nth| {
        format!("JOIN m{nth}\n/join r{}\n", nth % 100)
    });
    let said: Vec<_> = (0..100).map(|room| (room, format!("{text}\n"))).collect();
    count(&mut world, "1 line a write, in 100 rooms of 10", &said, 1);

    let hello = |nth: usize| format!("JOIN {{\"name\":\"m{nth}\"}}\n");
    let mut world = World::of_rooms(MEMBERS, hello);
    let said: Vec<_> = (0..10).map(|nth| (nth, json("lobby"))).collect();
    count(
        &mut world,
        "10 lines a write in JSON, in one room",
        &said,
        10,
    );
    // Each is in ten rooms of a hundred, and there are a hundred rooms.
    let mut world = World::of_rooms(MEMBERS, |nth| {
        let rooms = (0..10).map(|room| join(10 * room + nth % 10));
        hello(nth) + &rooms.collect::<String>()
    });
    let said: Vec<_> = (0..100)
        .map(|room| (room, json(&format!("r{room}"))))
        .collect();
    count(
        &mut world,
        "10 lines a write in JSON, in 10 rooms each",
        &said,
        10,
    );
}

// The counts as tables.

fn report() {
    let valgrind = Command::new("valgrind").arg("--version").output();
    match &valgrind {
        Ok(output) if output.status.success() => {}
        _ => {
            eprintln!(
                "\nNo instructions are counted: `valgrind --version` does not run here ({}).\n\
                 Install valgrind (a package of that name) and run this again.\n",
                match valgrind {
                    Ok(output) => output.status.to_string(),
                    Err(error) => error.to_string(),
                }
            );
            return;
        }
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("instructions");
    let alone = counts(&place, "lines");
    let sizes = SIZES.map(|members| counts(&place, &members.to_string()));
    let rooms = counts(&place, "rooms");

    println!("\n| instructions per line | |\n|---|--:|");
    for (what, count) in alone {
        println!("| {what} | {count} |");
    }
    println!("\n| instructions, by members | 10 | 1,000 | 100,000 |\n|---|--:|--:|--:|");
    let [small, medium, large] = sizes;
    for (((what, small), (_, medium)), (_, large)) in small.into_iter().zip(medium).zip(large) {
        println!("| {what} | {small} | {medium} | {large} |");
    }
    println!("\n| instructions of a delivery of a line to each of 1,000 members | |\n|---|--:|");
    for (what, count) in rooms {
        println!("| {what} | {count} |");
    }
    println!(
        "\nBy function: callgrind_annotate --threshold=100 {}/MEMBERS/counts.NUMBER\n",
        place.display()
    );
}

/// Has one size counted; what was, and how many instructions it took.
fn counts(place: &Path, what: &str) -> Vec<(String, String)> {
    eprintln!("counting: {what}");
    let place = place.join(what);
    // What an earlier run counted is not to be taken for this one's.
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).expect("a directory for the counts");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--dump-after={DONE}"))
        .arg(format!(
            "--callgrind-out-file={}",
            place.join("counts").display()
        ))
        .arg(env::current_exe().expect("this program has a name"))
        .args(["--counted", what])
        .output()
        .expect("valgrind runs");
    assert!(
        output.status.success(),
        "valgrind failed: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let rows = String::from_utf8(output.stdout).expect("rows are text");
    let mut dump = 0;
    let mut found = Vec::new();
    for row in rows.lines() {
        let Some((operations, what)) = row.split_once('\t') else {
            dump += 1;
            continue;
        };
        let path = place.join(format!("counts.{}", dump + 1));
        let total = total(&path).unwrap_or_else(|| panic!("no count in {}", path.display()));
        let operations: u64 = operations.parse().expect("a number");
        let tenths = (total * 10 + operations / 2) / operations;
        found.push((what.to_owned(), format!("{}.{}", tenths / 10, tenths % 10)));
    }
    found
}

/// The number of instructions in a file of callgrind's.
fn total(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    total.trim().parse().ok().filter(|total| *total > 0)
}
