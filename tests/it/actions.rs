//! The page of actions, and the tables behind it.

use std::collections::BTreeSet;
use std::path::Path;

use drawbridge::aws::actions;
use drawbridge::{iam, sts};

/// `UPDATE_DOCS=1 cargo test --test it the_actions_are_documented` writes the page instead.
#[test]
#[expect(clippy::disallowed_methods, reason = "tests")]
fn the_actions_are_documented_as_they_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/actions.md");
    let reference = drawbridge::cli::actions::reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference,
        "docs/actions.md is not what the program says; UPDATE_DOCS=1 writes it anew"
    );
}

#[test]
fn every_operation_has_a_name_of_the_model_and_has_it_once() {
    let model: BTreeSet<&str> = actions::iam().collect();
    let mut known = BTreeSet::new();
    for operation in iam::operations() {
        let name = operation.name;
        assert!(model.contains(name), "{name} is no operation of IAM");
        assert!(known.insert(name), "{name} is in the table twice");
    }
    let mut known = BTreeSet::new();
    for (name, _, _) in sts::OPERATIONS {
        assert!(
            actions::sts().any(|one| one == name),
            "{name} is no operation of the STS"
        );
        assert!(known.insert(name), "{name} is in the table twice");
    }
}
