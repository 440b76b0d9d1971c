//! The log of a gate that has stopped: its records, and whether it verifies.

use beacongate::secret::sha256_hex;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Every record of one folder, in order.
#[derive(Debug)]
pub struct Audit {
    pub dir: PathBuf,
    pub records: Vec<Value>,
}

impl Audit {
    /// Reads the records as any JSON Lines reader would, and follows the chain as the format's description
    /// says it: each record has the next number and the hash of the line before it.
    pub fn read(dir: &Path) -> Self {
        let mut records: Vec<Value> = Vec::new();
        let mut before = "0".repeat(64);
        for file in segments(dir) {
            let text = std::fs::read_to_string(&file).unwrap();
            // While a gate is writing, the last line may be half there.
            for line in text.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')) {
                let record: Value = serde_json::from_str(line).unwrap();
                assert_eq!(record["seq"], records.len(), "{line}");
                assert_eq!(record["prev"], before, "{line}");
                before = sha256_hex(&[b"\0", line.as_bytes()].concat());
                records.push(record);
            }
        }
        Self { dir: dir.to_owned(), records }
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.records.iter().filter(move |r| r["kind"] == kind)
    }

    pub fn intents(&self) -> Vec<&Value> {
        self.of_kind("intent").collect()
    }

    pub fn outcomes(&self) -> Vec<&Value> {
        self.of_kind("outcome").collect()
    }

    pub fn denied(&self) -> Vec<&Value> {
        self.of_kind("denied").collect()
    }

    /// How many requests were refused with this code, those included that a flood collapsed to a count.
    pub fn denials(&self, code: &str) -> u64 {
        let singly = self.of_kind("denied").filter(|r| r["refusal"]["code"] == code).count() as u64;
        let collapsed: u64 = self
            .of_kind("denied_summary")
            .filter(|r| r["refusal"]["code"] == code)
            .map(|r| r["count"].as_u64().unwrap())
            .sum();
        singly + collapsed
    }

    /// How many requests were refused.
    pub fn all_denials(&self) -> u64 {
        let collapsed: u64 = self.of_kind("denied_summary").map(|r| r["count"].as_u64().unwrap()).sum();
        self.denied().len() as u64 + collapsed
    }

    /// The pointers of what was taken out of the body, in all intents.
    pub fn removed_pointers(&self) -> Vec<String> {
        self.removals("pointer")
    }

    /// The names of the header fields that were dropped, in all intents.
    pub fn removed_headers(&self) -> Vec<String> {
        self.removals_in("header", "name")
    }

    /// The names of the trailer fields that were dropped, in all intents.
    pub fn removed_trailers(&self) -> Vec<String> {
        self.removals_in("trailer", "name")
    }

    fn removals(&self, member: &str) -> Vec<String> {
        self.removals_in("body", member)
    }

    fn removals_in(&self, place: &str, member: &str) -> Vec<String> {
        self.intents()
            .iter()
            .flat_map(|i| i["removals"].as_array().cloned().unwrap_or_default())
            .filter(|r| r["in"] == place)
            .map(|r| r[member].as_str().unwrap().to_owned())
            .collect()
    }

    /// Every byte of every file of the folder.
    pub fn bytes(&self) -> Vec<u8> {
        files(&self.dir).iter().flat_map(|f| std::fs::read(f).unwrap()).collect()
    }
}

/// SHA-256 of the body that an intent says is about to leave.
pub fn sent_digest(intent: &Value) -> String {
    intent["sent"]["sha256"].as_str().unwrap_or_else(|| panic!("no digest: {intent}")).to_owned()
}

/// What an outcome says of its request: `complete`, `partial`, `unknown`, `not_sent`.
pub fn result(outcome: &Value) -> &str {
    outcome["outcome"]["result"].as_str().unwrap_or_else(|| panic!("no result: {outcome}"))
}

/// The segments of a log, oldest first.
pub fn segments(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")).collect()
}

/// Every file below a folder, sorted.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Whether `needle` stands in `bytes`.
pub fn contains(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle.as_bytes())
}
