//! The policy, as an operator meets it: the shipped profile lets the published payloads through and
//! nothing beside them; a file with a fault is refused at the place of the fault.

use beacongate::policy;
use serde_json::Value;

fn documented() -> policy::Policy {
    policy::load("documented").unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_published_payload_conforms() {
    let policy = documented();
    let mut seen = 0;
    for entry in std::fs::read_dir("policy/examples").unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let endpoint = policy.endpoint(&id).unwrap_or_else(|| panic!("no endpoint {id}"));
        let schema = &endpoint.body.as_ref().unwrap().schema;
        assert!(schema.is_valid(&document), "{id}");
        seen += 1;
    }
    assert_eq!(seen, 5);
}
