//! Writes a JSON object straight into a line, member by member.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::escape::{NotText, push_document, push_string};
use std::fmt::Display;
use std::io::Write as _;

/// An object that is being written. Keys are the program's own and need no escaping.
#[derive(Debug)]
pub struct Object<'a> {
    out: Buffer<'a>,
    first: bool,
}

#[derive(Debug)]
enum Buffer<'a> {
    Own(Vec<u8>),
    Lent(&'a mut Vec<u8>),
}

impl Object<'static> {
    /// A record's tail: its members from `"kind"` on; the opening brace is the writer's.
    pub fn tail(kind: &str, capacity: usize) -> Self {
        let mut tail = Self { out: Buffer::Own(Vec::with_capacity(capacity)), first: true };
        tail.text("kind", kind);
        tail
    }
}

impl Object<'_> {
    /// A string.
    pub fn text(&mut self, key: &str, value: &str) {
        push_string(self.key(key), value);
    }

    /// A string, where there is one.
    pub fn maybe_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// An integer.
    pub fn number(&mut self, key: &str, value: impl Display) {
        let _ = write!(self.key(key), "{value}");
    }

    /// `true`; what is not so has no member.
    pub fn flag(&mut self, key: &str) {
        self.key(key).extend_from_slice(b"true");
    }

    /// An array of `[name, value]`.
    pub fn pairs(&mut self, key: &str, pairs: &[(String, String)]) {
        let out = self.key(key);
        out.push(b'[');
        for (i, (name, value)) in pairs.iter().enumerate() {
            out.extend_from_slice(if i == 0 { b"[" } else { b",[" });
            push_string(out, name);
            out.push(b',');
            push_string(out, value);
            out.push(b']');
        }
        out.push(b']');
    }

    /// A JSON document as it is, hidden characters escaped. Returns whether any were.
    ///
    /// # Errors
    /// [`NotText`] where it cannot be one.
    pub fn document(&mut self, key: &str, json: &[u8]) -> Result<bool, NotText> {
        push_document(self.key(key), json)
    }

    /// An object inside this one.
    pub fn object<R>(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>) -> R) -> R {
        let out = self.key(key);
        out.push(b'{');
        let mut inner = Object { out: Buffer::Lent(out), first: true };
        let result = write(&mut inner);
        self.buffer().push(b'}');
        result
    }

    /// Closes the object and gives its text.
    pub fn finish(mut self) -> Vec<u8> {
        self.buffer().push(b'}');
        match self.out {
            Buffer::Own(text) => text,
            Buffer::Lent(text) => std::mem::take(text),
        }
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        let first = std::mem::replace(&mut self.first, false);
        let out = self.buffer();
        out.extend_from_slice(if first { b"\"" } else { b",\"" });
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        out
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        match &mut self.out {
            Buffer::Own(text) => text,
            Buffer::Lent(text) => text,
        }
    }
}
