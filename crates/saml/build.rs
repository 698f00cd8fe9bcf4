//! Notes which C libraries the second opinion is built with, for `drawbridge --version`.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything by its environment"
)]

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_SAMAEL").is_some() {
        let names = [("libxmlsec1", "xmlsec1"), ("libxml2", "libxml-2.0")];
        let versions = names.map(|(name, module)| format!("{name} {}", version(module)));
        println!(
            "cargo:rustc-env=SECOND_OPINION_LIBRARIES={}",
            versions.join(", ")
        );
    }
}

/// As the headers say that were compiled against; the build of samael has asked the same program for them.
fn version(module: &str) -> String {
    let answer = Command::new("pkg-config")
        .args(["--modversion", module])
        .output();
    let text = answer
        .ok()
        .and_then(|out| String::from_utf8(out.stdout).ok());
    let version = text.as_deref().map(str::trim).unwrap_or_default();
    if version.is_empty() {
        "of unknown version".to_owned()
    } else {
        version.to_owned()
    }
}
