//! Sent on the left, arrived on the right, what is missing marked.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use serde_json::Value;

/// One row: a line of what was sent, and the same line of what arrived, if it did.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The line as sent.
    pub sent: String,
    /// The line as it arrived.
    pub arrived: Option<String>,
}

/// Both documents, pretty-printed and aligned. What arrived is what was sent with parts taken out,
/// so every line on the right stands on the left too, in the same order.
pub fn align(sent: &Value, arrived: Option<&Value>) -> Vec<Row> {
    let right = arrived.map(lines).unwrap_or_default();
    let mut right = right.into_iter().peekable();
    let bare = |line: &str| line.trim_end_matches(',').to_owned();
    lines(sent)
        .into_iter()
        .map(|sent| {
            let arrived = right.next_if(|line| bare(line) == bare(&sent));
            Row { sent, arrived }
        })
        .collect()
}

/// The rows around what did not arrive, `context` lines each way; `None` stands for a gap.
pub fn around(rows: &[Row], context: usize) -> Vec<Option<&Row>> {
    let near = |at: usize| {
        let from = at.saturating_sub(context);
        rows[from..rows.len().min(at + context + 1)].iter().any(|r| r.arrived.is_none())
    };
    let mut shown = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if near(at) {
            shown.push(Some(row));
        } else if !matches!(shown.last(), None | Some(None)) {
            shown.push(None);
        }
    }
    shown
}

fn lines(value: &Value) -> Vec<String> {
    format!("{value:#}").lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_taken_out_stands_alone_on_the_left() {
        let rows = align(&json!({"a": 1, "b": [2, 3], "c": 4}), Some(&json!({"a": 1, "b": [2, 3]})));
        let alone: Vec<_> = rows.iter().filter(|r| r.arrived.is_none()).map(|r| r.sent.trim()).collect();
        assert_eq!(alone, ["\"c\": 4"]);
        let shown = around(&rows, 1);
        assert_eq!(shown.iter().flatten().count(), 3);
    }

    #[test]
    fn a_refused_document_stands_alone_as_a_whole() {
        assert!(align(&json!({"a": 1}), None).iter().all(|r| r.arrived.is_none()));
    }
}
