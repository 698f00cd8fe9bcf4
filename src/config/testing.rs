//! Shortcuts for the tests of this room.

use std::path::Path;

use super::{Config, Problems};

/// A directory for relative paths that is not there.
pub(super) const BASE: &str = "/nowhere/drawbridge";

/// An environment with one secret.
pub(super) fn env(name: &str) -> Option<String> {
    (name == "TEST_SECRET").then(|| "from the environment".to_owned())
}

pub(super) fn parse(text: &str) -> Result<Config, Problems> {
    super::parse(text, Path::new(BASE), &env, [], false)
}

pub(super) fn parse_demo(text: &str) -> Result<Config, Problems> {
    super::parse(text, Path::new(BASE), &env, [], true)
}

/// The problems of a text, without their places.
pub(super) fn messages(text: &str) -> Vec<String> {
    let problems = parse(text).unwrap_err();
    problems
        .iter()
        .map(|problem| problem.message.clone())
        .collect()
}
