//! How long the core's work takes, without any socket: `cargo bench -p chat-core --bench time`.
//!
//! Times depend on the machine and on what else it does; `instructions` does not.

mod scenario;

use chat_core::{FirstLine, Line, LineReader, MAX_LINE, Request, ServerLine};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use scenario::{SIZES, World, lines};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often something is done that everyone is to hear of, before they are told. All of it
/// together is less than a batch.
const ROUND: u64 = 500;

fn main() {
    // Not as a test, and only when it was asked for.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing measured: `cargo bench` does that");
        return;
    }
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .without_plots()
        .configure_from_args();
    framing(&mut criterion);
    decoding(&mut criterion);
    room(&mut criterion);
    criterion.final_summary();
}

/// Bytes to lines.
fn framing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame 1,000 lines");
    let input = lines(1_000);
    group.throughput(Throughput::Elements(1_000));
    for (label, chunk) in [
        ("in one read", input.len()),
        ("in reads of 1,460 bytes", 1_460),
    ] {
        group.bench_function(label, |b| {
            b.iter(|| {
                let mut reader = LineReader::new(MAX_LINE);
                let mut count = 0;
                for mut chunk in input.chunks(chunk) {
                    while let Some(line) = reader.next(&mut chunk) {
                        count += u32::from(matches!(black_box(line), Line::Whole(_)));
                    }
                }
                assert_eq!(count, 1_000);
            });
        });
    }
}

/// Lines to what they mean.
fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let ascii = "x".repeat(63);
    let other = "é".repeat(31) + "x";
    let control = "x".repeat(62) + "\u{7}";
    group.bench_function("a first line", |b| {
        b.iter(|| {
            matches!(
                FirstLine::decode(black_box(b"JOIN ann")),
                FirstLine::Join(_)
            )
        });
    });
    for (label, line) in [
        ("what is said, ASCII", &ascii),
        ("what is said, not ASCII", &other),
        ("what is said, with a control character", &control),
    ] {
        group.bench_function(label, |b| {
            b.iter(|| Request::decode(black_box(line.as_bytes())).is_ok());
        });
    }
    let said = format!("ann: {ascii}");
    group.bench_function("what a client hears", |b| {
        b.iter(|| matches!(ServerLine::decode(black_box(&said)), ServerLine::Said(..)));
    });
}

/// What the server does, in rooms of every size.
fn room(criterion: &mut Criterion) {
    let mut worlds = SIZES.map(World::of);
    let line = lines(1);

    let mut group = criterion.benchmark_group("append 500 lines");
    for world in &mut worlds {
        let speaker = world.members[0];
        rounds(&mut group, world, |world| {
            let start = Instant::now();
            for _ in 0..ROUND {
                world.receive(speaker, &line);
            }
            start.elapsed()
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("join, 500 times");
    for world in &mut worlds {
        rounds(&mut group, world, |world| join_and_leave(world).0);
    }
    group.finish();

    let mut group = criterion.benchmark_group("leave, 500 times");
    for world in &mut worlds {
        rounds(&mut group, world, |world| join_and_leave(world).1);
    }
    group.finish();

    let mut group = criterion.benchmark_group("step");
    for world in &mut worlds {
        let (speaker, members) = (world.members[0], world.members.len());
        group.sampling_mode(SamplingMode::Flat);
        group.throughput(Throughput::Elements(members as u64 - 1));
        group.bench_function(members_of(world), |b| {
            b.iter(|| {
                world.receive(speaker, &line);
                assert_eq!(world.settle(), members - 1);
            });
        });
    }
}

fn members_of(world: &World) -> BenchmarkId {
    BenchmarkId::from_parameter(format!("{} members", world.members.len()))
}

/// Measures what is done before everyone is told, without the telling.
fn rounds(
    group: &mut BenchmarkGroup<'_, WallTime>,
    world: &mut World,
    mut round: impl FnMut(&mut World) -> Duration,
) {
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(ROUND));
    group.bench_function(members_of(world), |b| {
        b.iter_custom(|iterations| {
            let mut time = Duration::ZERO;
            for _ in 0..iterations {
                time += round(world);
                world.settle();
            }
            time
        });
    });
}

/// A round of newcomers joins, and leaves again: the time of either.
fn join_and_leave(world: &mut World) -> (Duration, Duration) {
    let names: Vec<_> = (0..ROUND).map(|_| world.newcomer()).collect();
    let mut came = Vec::with_capacity(names.len());
    let start = Instant::now();
    for name in &names {
        came.push(world.join(name));
    }
    let joining = start.elapsed();
    world.settle();
    let start = Instant::now();
    for member in came {
        world.leave(member);
    }
    (joining, start.elapsed())
}
