//! Imports go down: every `crate::room` in `src/` is held against the table of floors below.
//!
//! A room may use rooms on lower floors, and on its own floor those that stand before it in the table.
//! When this fails, the usual cause is a type that lives one floor too high: move the noun down.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Ground floor first. Within a floor, rooms stand in the order in which they may use each other.
const FLOORS: [(&str, &[&str]); 5] = [
    (
        "words",
        &[
            "secret",
            "aws",
            "sigv4",
            "policy",
            "jwt",
            "saml",
            "seal",
            "identity",
            "credentials",
            "totp",
        ],
    ),
    (
        "records",
        &["clock", "config", "store", "outbound", "audit"],
    ),
    (
        "services",
        &["access", "issuer", "idp", "iam", "sts", "broker"],
    ),
    // `app` builds the parts and names the URLs that `http` builds; the two stand on one step.
    ("doors", &["app", "http"]),
    ("shell", &["demo", "cli"]),
];
/// The one pair on a floor that may look at each other.
const SIDE_BY_SIDE: [(&str, &str); 1] = [("app", "http")];
/// What every room may see of the floors above: nothing. And of the crate itself: nothing but rooms.
const NOT_ROOMS: [&str; 2] = ["lib", "main"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a line names: `crate::a::b` and `crate::{a, b}` alike.
fn rooms_named(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + 7..];
        let word = |text: &str| -> String {
            text.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        };
        match rest.strip_prefix('{') {
            Some(group) => {
                let inside = group.split('}').next().unwrap_or_default();
                found.extend(inside.split(',').map(|piece| word(piece.trim())));
            }
            None => found.push(word(rest)),
        }
    }
    found.retain(|room| !room.is_empty());
    found
}

#[test]
fn imports_go_down() {
    let mut place = BTreeMap::new();
    for (floor, (_, rooms)) in FLOORS.iter().enumerate() {
        for (step, room) in rooms.iter().enumerate() {
            place.insert(*room, (floor, step));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut faults = Vec::new();
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.iter().next().unwrap().to_str().unwrap();
        let room = first.strip_suffix(".rs").unwrap_or(first);
        if NOT_ROOMS.contains(&room) {
            continue;
        }
        let shown = relative.display();
        let Some(here) = place.get(room) else {
            faults.push(format!(
                "src/{shown}: the room `{room}` is not in the table of floors"
            ));
            continue;
        };
        let text = fs::read_to_string(file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for used in rooms_named(code) {
                let beside = SIDE_BY_SIDE
                    .iter()
                    .any(|(a, b)| (*a == room && *b == used) || (*a == used && *b == room));
                if used == room || beside {
                    continue;
                }
                let number = number + 1;
                match place.get(used.as_str()) {
                    None => faults.push(format!(
                        "src/{shown}:{number}: `crate::{used}` is no room; name the room, not a re-export"
                    )),
                    Some(there) if there >= here => {
                        faults.push(format!("src/{shown}:{number}: `{room}` may not use `{used}`"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
