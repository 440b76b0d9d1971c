//! The table of attacks, one test or more for each row, named after it. All go over the wire.

mod bodies;
mod destination;
mod disk;
mod durable;
mod failure;
mod found_names;
mod found_stuck;
mod found_tunnel;
mod found_upstream;
mod framing;
mod headers;
mod json;
mod responses;
mod tls;
mod tunnel;
mod upstream_tls;

/// The rows that must each have a test that goes over the wire.
const ROWS: &[&str] = &[
    "r01", "r02", "r03", "r04", "r05", "r06", "r07", "r08", "r09", "r10", "r11", "r12", "r13", "r14", "r15",
    "r16", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31",
    "r32", "r39", "r42", "r43", "r44", "r45", "r46", "r47", "r48", "r54", "r55", "r56", "r58", "r61", "r62",
];

#[test]
fn every_row_has_its_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/security");
    let sources: Vec<String> =
        crate::support::audit::files(&folder).iter().map(|f| std::fs::read_to_string(f).unwrap()).collect();
    for row in ROWS {
        let name = format!("\nasync fn {row}_");
        assert!(sources.iter().any(|s| s.contains(&name)), "no test {row}_… in tests/security");
    }
}
