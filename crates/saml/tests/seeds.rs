//! What fuzzing begins with goes through every reader: nothing panics, and the corpus keeps its point.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use drawbridge_saml::document::{Document, Limits};
use drawbridge_saml::metadata::{IdpMetadata, MetadataError, Reading};
use drawbridge_saml::redirect::Unverified;

/// The seeds of a target, by name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let files = std::fs::read_dir(folder.join(target)).unwrap();
    let mut seeds: Vec<_> = files
        .map(|file| {
            let file = file.unwrap();
            let bytes = std::fs::read(file.path()).unwrap();
            (file.file_name().into_string().unwrap(), bytes)
        })
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn no_seed_ends_the_process() {
    for target in ["gate", "verify", "metadata", "redirect"] {
        for (name, bytes) in seeds(target) {
            println!("{target}/{name}");
            let _ = Document::parse(&bytes, &Limits::MESSAGE);
            let _ = IdpMetadata::read(&bytes, &Reading::at(0));
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = Unverified::read(text).map(Unverified::unsigned);
            }
        }
    }
}

#[test]
fn the_gate_has_something_to_let_through() {
    let passes = |(_, bytes): &(String, Vec<u8>)| Document::parse(bytes, &Limits::MESSAGE).is_ok();
    let through = seeds("gate").iter().filter(|it| passes(it)).count();
    assert!(through >= 8, "{through}");
}

#[test]
fn every_seed_of_metadata_is_one_providers_or_many() {
    for (name, bytes) in seeds("metadata") {
        let read = IdpMetadata::read(&bytes, &Reading::at(1_795_341_600));
        let good = matches!(read, Ok(_) | Err(MetadataError::Several(_)));
        assert!(good, "{name}: {read:?}");
    }
}
