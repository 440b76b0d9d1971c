//! The header fields of the request that leaves: built from the permit, copied from nowhere.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::decide::FieldValue;
use crate::inspect::Cleared;

/// The one User-Agent. It carries no version: what it said would be information that leaves.
const USER_AGENT: &str = "beacongate";

/// Every field that will be sent, in order: the gate's own, then the policy's.
pub fn request_fields(cleared: &Cleared) -> Vec<(String, FieldValue)> {
    let permit = cleared.permit();
    let plain = |name: &str, value: &str| (name.to_owned(), FieldValue::Plain(value.to_owned()));
    let mut fields = vec![plain("host", permit.host().as_str()), plain("user-agent", USER_AGENT)];
    if let Some(media_type) = permit.content_type() {
        fields.push(plain("content-type", media_type));
    }
    let length = cleared.body().map_or(0, |b| b.bytes.len());
    fields.push(plain("content-length", &length.to_string()));
    fields.extend(permit.headers().iter().cloned());
    fields
}

/// The path and query that will be sent.
pub fn request_target(cleared: &Cleared) -> String {
    let permit = cleared.permit();
    let mut target = permit.endpoint().path.clone();
    for (index, (key, value)) in permit.query().iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(key);
        target.push('=');
        target.push_str(value);
    }
    target
}
