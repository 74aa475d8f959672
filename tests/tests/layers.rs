//! The house: within each package, modules that depend on one another in a circle are no layers; and those of the
//! core lie above one another as README.md there says. What CONTRIBUTING.md says is where, is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers of the core, the lowest first; those at the same height do not know each other.
const CORE: &[&[&str]] = &[
    &["mark", "life"],
    &["types"],
    &["wire"],
    &["room"],
    &["server", "client"],
];

/// The modules of a package, each with those that it names. What belongs to tests does not count, nor do modules that
/// contain it or are contained in it.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph(source: &Path) -> Graph {
    let mut files = Vec::new();
    collect(source, &mut Vec::new(), &mut files);
    let modules: BTreeSet<String> = files.iter().map(|(module, _)| module.clone()).collect();
    let edges = |(module, text): &(String, String)| {
        let named = paths(text).into_iter().filter_map(|path| {
            let full = absolute(module, &path)?;
            (0..=full.len())
                .rev()
                .map(|length| full[..length].join("::"))
                .find(|prefix| modules.contains(prefix))
        });
        let is_kin = |a: &str, b: &str| a == b || a.is_empty() || b.starts_with(&format!("{a}::"));
        let apart = named.filter(|other| !is_kin(module, other) && !is_kin(other, module));
        (module.clone(), apart.collect())
    };
    files.iter().map(edges).collect()
}

/// The source files below a folder, by the names of their modules.
fn collect(folder: &Path, names: &mut Vec<String>, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be read").path();
        let stem = path.file_stem().expect("it has a name").to_string_lossy();
        if path.is_dir() {
            names.push(stem.into());
            collect(&path, names, files);
            names.pop();
        } else if path.extension().is_some_and(|it| it == "rs") {
            let mut module = names.clone();
            if !["mod", "lib", "main"].contains(&&*stem) {
                module.push(stem.into());
            }
            let text = fs::read_to_string(&path).expect("it is text");
            files.push((module.join("::"), text));
        }
    }
}

/// All paths in a file that begin with `crate`, `super` or `self`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect();
    // Modules of tests come last in their files.
    let is_tests = |pair: &[&str]| {
        pair[0].starts_with("#[cfg(") && pair[0].contains("test") && pair[1].starts_with("mod ")
    };
    let end = code.windows(2).position(is_tests).unwrap_or(code.len());
    let code = code[..end].join("\n");
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            expand(
                &mut Vec::new(),
                &mut code[at..].chars().peekable(),
                &mut found,
            );
        }
    }
    found
}

/// Reads a path, or several in braces after a common beginning.
fn expand(
    before: &mut Vec<String>,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    found: &mut Vec<Vec<String>>,
) {
    let length = before.len();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next_if_eq(&'{').is_some() {
            while !matches!(rest.peek(), None | Some('}')) {
                expand(before, rest, found);
                while rest.next_if(|c| !matches!(c, ',' | '}')).is_some() {}
                rest.next_if_eq(&',');
                while rest.next_if(|c| c.is_whitespace()).is_some() {}
            }
            rest.next();
            break;
        }
        let mut word = String::new();
        while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
        }
        let is_over = word.is_empty();
        before.push(word);
        let goes_on = rest.next_if_eq(&':').is_some() && rest.next_if_eq(&':').is_some();
        if is_over || !goes_on {
            found.push(before.clone());
            break;
        }
    }
    before.truncate(length);
}

/// A path from the root of the package, or `None` if it leads out of that.
fn absolute(module: &str, path: &[String]) -> Option<Vec<String>> {
    let own: Vec<String> = module
        .split("::")
        .filter(|name| !name.is_empty())
        .map(Into::into)
        .collect();
    let ups = path.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match path[0].as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (own, &path[1..]),
        _ => (own[..own.len().checked_sub(ups)?].to_vec(), &path[ups..]),
    };
    Some([&base, rest].concat())
}

/// What can be reached from a module.
fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from.to_string()];
    while let Some(module) = next.pop() {
        for other in graph.get(&module).into_iter().flatten() {
            if reached.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    reached
}

fn circles(graph: &Graph) -> Vec<&String> {
    let is_in_one = |module: &&String| reach(graph, module).contains(*module);
    graph.keys().filter(is_in_one).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn no_modules_of_a_package_depend_on_one_another_in_a_circle() {
    for package in ["core", "net", "cli", "sim", "fuzz", "tests"] {
        let graph = graph(&root().join(package).join("src"));
        assert!(!graph.is_empty(), "{package}");
        assert_eq!(circles(&graph), [] as [&String; 0], "{package}");
    }
}

#[test]
fn the_core_is_built_in_layers() {
    let graph = graph(&root().join("core/src"));
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap_or_default();
        CORE.iter().position(|names| names.contains(&top))
    };
    let top = |module: &str| module.split("::").next().map(String::from);
    for (module, others) in graph.iter().filter(|(module, _)| !module.is_empty()) {
        assert!(layer(module).is_some(), "{module} is in no layer");
        for other in others {
            let is_below = layer(other) < layer(module) || top(other) == top(module);
            assert!(
                is_below,
                "{module} names {other}, which is above it or beside it"
            );
        }
    }
}

#[test]
fn a_circle_would_be_found() {
    let text = "use super::b::{self, C, d::{E, F as G}};\nfn x() { crate::a::y() }\n#[cfg(test)]\nmod tests {\n    use crate::z;";
    let paths: Vec<String> = paths(text).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        paths,
        [
            "crate::a::y",
            "super::b::self",
            "super::b::C",
            "super::b::d::E",
            "super::b::d::F"
        ]
    );
    let edges = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let graph = Graph::from([
        ("a".into(), edges(&["b"])),
        ("b".into(), edges(&["c"])),
        ("c".into(), edges(&["b"])),
    ]);
    assert_eq!(circles(&graph), ["b", "c"]);
}

#[test]
fn what_is_said_to_be_somewhere_is_there() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let mut count = 0;
    for row in rows {
        // Once a path has been named, others may begin at any of its folders.
        let mut before: Option<PathBuf> = None;
        let names = row.split('`').skip(1).step_by(2);
        for name in names.filter(|it| it.contains(".rs") || it.starts_with("core/src/")) {
            let folders = before.iter().flat_map(|it| it.ancestors().skip(1));
            let places = folders.map(Path::to_path_buf).chain([root().into()]);
            let found = places
                .map(|it: PathBuf| it.join(name))
                .find(|it| it.exists());
            before = Some(found.unwrap_or_else(|| panic!("{name} is nowhere: {row}")));
            count += 1;
        }
    }
    assert!(count > 60, "{count} places");
}
