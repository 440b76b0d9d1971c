//! Where a policy comes from: built in, by name, or a file of the operator's with its schemas beside it.
#![expect(clippy::disallowed_types, reason = "the part of the policy that reads files")]

use super::{Policy, PolicyError, compile};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The profile that is used when none is named.
pub const DEFAULT: &str = "documented";

/// The largest schema file, in bytes.
const LARGEST_SCHEMA: u64 = 1 << 20;

/// A policy that is part of the binary: its name, its text, its schemas by file name.
struct Profile {
    name: &'static str,
    text: &'static str,
}

const PROFILES: &[Profile] = &[Profile { name: DEFAULT, text: include_str!("../../policy/documented.yaml") }];

/// The schema files of all profiles.
const SCHEMAS: &[(&str, &str)] = &[
    ("schemas/license-verification.json", include_str!("../../policy/schemas/license-verification.json")),
    (
        "schemas/langgraph-usage-reporting.json",
        include_str!("../../policy/schemas/langgraph-usage-reporting.json"),
    ),
    (
        "schemas/langsmith-usage-reporting.json",
        include_str!("../../policy/schemas/langsmith-usage-reporting.json"),
    ),
    ("schemas/telemetry-metrics.json", include_str!("../../policy/schemas/telemetry-metrics.json")),
    ("schemas/telemetry-traces.json", include_str!("../../policy/schemas/telemetry-traces.json")),
    ("schemas/otlp.json", include_str!("../../policy/schemas/otlp.json")),
    ("schemas/values.json", include_str!("../../policy/schemas/values.json")),
];

/// The names of the built-in profiles.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|profile| profile.name)
}

/// Loads a policy: a built-in profile by its name, or a file by its path.
///
/// A name without `/` and `.` is a profile's; write `./name` for a file of that name.
///
/// # Errors
/// An unknown profile, a file that cannot be read or that anyone may write to, and everything that
/// [`compile()`] refuses.
pub fn load(spec: &str) -> Result<Policy, PolicyError> {
    if let Some(profile) = PROFILES.iter().find(|profile| profile.name == spec) {
        return compile(profile.text, &format!("{}.yaml", profile.name), &built_in_schema);
    }
    let path = Path::new(spec);
    if !spec.contains(['/', '.']) && !path.exists() {
        let known = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(PolicyError::of_file(spec, "neither a built-in profile nor a file")
            .advise(format!("the profiles are {known}; a file is named by its path")));
    }
    let text = read(path, super::yaml::LARGEST as u64).map_err(|why| PolicyError::of_file(spec, why))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    compile(&text, spec, &|name| beside(folder, name))
}

fn built_in_schema(name: &str) -> Result<String, String> {
    let found = SCHEMAS.iter().find(|(file, _)| *file == name);
    found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "no such schema in the binary".to_owned())
}

/// Reads a schema file below the policy's folder, wherever links on the way lead: a mounted ConfigMap is
/// made of links, but they stay in their folder.
fn beside(folder: &Path, name: &str) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let home = folder.canonicalize().map_err(unreadable)?;
    let path = home.join(name).canonicalize().map_err(unreadable)?;
    if !path.starts_with(&home) {
        return Err("a link that leads out of the policy's folder".to_owned());
    }
    read(&path, LARGEST_SCHEMA)
}

/// Reads a regular file of bounded size that not everybody may write to.
///
/// The checks are made on the open file, so that what is checked is what is read.
fn read(path: &Path, largest: u64) -> Result<String, String> {
    let file = open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let facts = file.metadata().map_err(|error| format!("cannot be read: {error}"))?;
    if !facts.is_file() {
        return Err("not a regular file".to_owned());
    }
    if facts.mode() & 0o002 != 0 {
        return Err("anyone may write to it, so anyone may decide what leaves: chmod o-w".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > largest {
        return Err(format!("larger than {largest} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())
}

/// Opens without waiting, should the path be a pipe.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}
