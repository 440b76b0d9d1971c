//! A strict reader of JSON: one document, one reading of it, or a refusal that says where.
//!
//! RFC 8259 leaves room; two parsers that use it differently see two documents in the same bytes, and
//! what one of them does not see is a way out. Here every grey area is decided once:
//!
//! | RFC 8259 leaves open | decided |
//! | --- | --- |
//! | a byte order mark may be ignored (§8.1) | refused |
//! | names *should* be unique (§4) | refused when equal after decoding, in any spelling |
//! | any value may stand at the top (§2) | read; the endpoint's schema says what may stand there |
//! | depth may be limited (§9) | 32 objects and arrays |
//! | the length of strings and names may be limited (§9) | 64 KiB and 1,024 bytes after decoding |
//! | the size of a text may be limited (§9) | a million values; the endpoint bounds the bytes |
//! | a lone surrogate `\uD800` is grammatical (§8.2) | refused: it is no character |
//! | `\u0000` is grammatical (§7) | read here; `inspect::text` takes it out |
//! | `\/` and `\u0061` spell `/` and `a` (§7) | the same string; it leaves in the shortest spelling |
//! | noncharacters and unassigned code points (§8.2) | read here; `inspect::text` takes them out |
//! | strings equal after Unicode normalisation (§8.3) | different: they are compared code point by code point |
//! | the range and precision of numbers (§6) | below |
//! | `-0` (§6) | refused as an integer, read as `-0.0`: an integer has no such value |
//! | `1E5`, `1e+05`, `1.50` (§6) | read; they leave in the shortest spelling of the same double |
//! | order of members (§4) | kept |
//! | a parser may accept extensions (§9) | none: comments, `NaN`, `'…'`, `01`, `+1`, `.5`, `1.`, trailing commas |
//! | white space around the document (§2) | accepted, and does not leave |
//!
//! Numbers are read so that what leaves says what came:
//! - without fraction and exponent: an `i64` or a `u64`, else refused; leaves digit for digit;
//! - with fraction or exponent: at most 64 bytes and 17 significant digits, finite, not rounded to zero;
//!   from 2^53 on the decimal must *be* the double, digit for digit, or be the shortest that reads back as
//!   it, as every serialiser writes a double, so that no integer in another coat loses its end. It leaves as
//!   the shortest decimal that reads back as the same double.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

mod number;
mod string;

use serde_json::{Map, Value};
use std::fmt;

/// The most objects and arrays inside each other.
pub const MAX_DEPTH: usize = 32;
/// The longest member name, in bytes after decoding.
pub const MAX_NAME: usize = 1024;
/// The longest string, in bytes after decoding.
pub const MAX_STRING: usize = 64 * 1024;
/// The most values in one document, the document itself and every container counted.
pub const MAX_VALUES: usize = 1_000_000;
/// The longest number, in bytes as written.
pub const MAX_NUMBER: usize = 64;
/// The most significant digits of a number with fraction or exponent; a double needs no more.
pub const MAX_DIGITS: usize = 17;

/// A document that was read.
pub struct Document {
    /// The document itself, members in the order in which they came.
    pub value: Value,
    /// Whether every string and name in it is printable ASCII, so that nobody need look for other text.
    pub plain: bool,
    /// How many values it has.
    pub values: usize,
}

/// Without the document.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} values)", self.values)
    }
}

/// Why a body is not the one JSON document that it says it is. Says where, never what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub flaw: Flaw,
    /// Bytes before it.
    pub offset: usize,
    /// Its line, from 1; lines end at U+000A.
    pub line: usize,
    /// Its column, from 1, in bytes.
    pub column: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flaw, offset, line, column } = self;
        write!(f, "{} at byte {offset} (line {line}, column {column})", flaw.as_str())
    }
}

impl std::error::Error for Malformed {}

macro_rules! flaws {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)*) => {
        /// What can be wrong with a document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Flaw { $($(#[$doc])* $variant,)* }

        impl Flaw {
            /// The flaw in words.
            pub fn as_str(self) -> &'static str {
                match self { $(Flaw::$variant => $text,)* }
            }
        }
    };
}

flaws! {
    /// Nothing, or white space only.
    Empty = "the body is empty";
    /// A byte order mark in front.
    ByteOrderMark = "a byte order mark: send UTF-8 without one";
    /// Overlong, truncated, surrogate or otherwise ill-formed UTF-8.
    NotUtf8 = "bytes that are not UTF-8";
    /// The text ends inside the document.
    Truncated = "the body ends before the JSON document does";
    /// Something after the document.
    Trailing = "something follows the JSON document";
    /// No value starts with this.
    NoValue = "no JSON value starts like this";
    /// A member's name must be a string.
    NoName = "a member's name in double quotes is missing";
    /// `:` missing.
    NoColon = "the colon after a member's name is missing";
    /// `,` or the closing bracket missing.
    NoComma = "a comma or the closing bracket is missing";
    /// `[1,]`, `{"a":1,}`.
    TrailingComma = "a comma before the closing bracket";
    /// The same name twice.
    DuplicateName = "a member's name for the second time in one object";
    /// U+0000 to U+001F as it is.
    ControlCharacter = "an unescaped control character in a string";
    /// `\x`, `\u12g4`.
    BadEscape = "an escape that JSON does not have";
    /// `\uD800` without its other half.
    LoneSurrogate = "half of a surrogate pair";
    /// Longer than [`MAX_STRING`].
    LongString = "a string of more than 65536 bytes";
    /// Longer than [`MAX_NAME`].
    LongName = "a member's name of more than 1024 bytes";
    /// Deeper than [`MAX_DEPTH`].
    TooDeep = "more than 32 objects and arrays inside each other";
    /// More than [`MAX_VALUES`].
    TooManyValues = "more than 1000000 values";
    /// `01`.
    LeadingZero = "a number with a leading zero";
    /// `-`, `1.`, `1e`.
    NoDigit = "a digit of a number is missing";
    /// `-0` written as an integer.
    NegativeZero = "the integer -0";
    /// Neither `i64` nor `u64`.
    LargeInteger = "an integer of more than 64 bits";
    /// Longer than [`MAX_NUMBER`] or [`MAX_DIGITS`].
    LongNumber = "a number of more than 17 significant digits or 64 bytes";
    /// `1e400`.
    NotFinite = "a number too large for a double";
    /// `1e-400`.
    Underflow = "a number so small that a double makes it zero";
    /// From 2^53 on: neither exactly a double nor how a double is written.
    Inexact = "a number from 2^53 on that a double does not hold exactly";
}

/// Reads one document, checked as the module says.
///
/// # Errors
/// The first flaw and its place.
pub fn read(content: &[u8]) -> Result<Document, Malformed> {
    read_text(content).map_err(|Stop { flaw, at }| {
        let before = content.get(..at).unwrap_or(content);
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        Malformed { flaw, offset: at, line, column: at - line_start + 1 }
    })
}

/// A flaw and its offset, before anyone has counted lines.
#[derive(Debug)]
struct Stop {
    flaw: Flaw,
    at: usize,
}

fn read_text(content: &[u8]) -> Result<Document, Stop> {
    if content.starts_with(b"\xEF\xBB\xBF") {
        return Err(Stop { flaw: Flaw::ByteOrderMark, at: 0 });
    }
    let text = std::str::from_utf8(content).map_err(|e| Stop { flaw: Flaw::NotUtf8, at: e.valid_up_to() })?;
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, values: 0, plain: true };
    reader.skip_white_space();
    if reader.at == text.len() {
        return reader.stop(Flaw::Empty);
    }
    let value = reader.value(0)?;
    reader.skip_white_space();
    if reader.at < text.len() {
        return reader.stop(Flaw::Trailing);
    }
    Ok(Document { value, plain: reader.plain, values: reader.values })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: usize,
    plain: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn stop<T>(&self, flaw: Flaw) -> Result<T, Stop> {
        Err(Stop { flaw, at: self.at })
    }

    /// Stops here: with `flaw` where there is a byte, as truncated where there is none.
    fn unexpected<T>(&self, flaw: Flaw) -> Result<T, Stop> {
        self.stop(if self.at < self.bytes.len() { flaw } else { Flaw::Truncated })
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Stop> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return self.stop(Flaw::TooManyValues);
        }
        match self.peek() {
            Some(b'"') => self.string(MAX_STRING, Flaw::LongString).map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => self.unexpected(Flaw::NoValue),
        }
    }

    fn literal(&mut self, spelling: &str, value: Value) -> Result<Value, Stop> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(spelling.as_bytes()) {
            self.at += spelling.len();
            return Ok(value);
        }
        let cut_short = spelling.as_bytes().starts_with(rest);
        self.stop(if cut_short { Flaw::Truncated } else { Flaw::NoValue })
    }

    /// Steps over the opening bracket at the current place.
    fn open(&mut self, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return self.stop(Flaw::TooDeep);
        }
        self.at += 1;
        self.skip_white_space();
        Ok(())
    }

    /// After an element: whether another one follows. Steps over the comma or the closing bracket.
    fn more(&mut self, close: u8) -> Result<bool, Stop> {
        self.skip_white_space();
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_white_space();
                if self.peek() == Some(close) {
                    return Err(Stop { flaw: Flaw::TrailingComma, at: comma });
                }
                Ok(true)
            }
            Some(b) if b == close => {
                self.at += 1;
                Ok(false)
            }
            _ => self.unexpected(Flaw::NoComma),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Stop> {
        self.open(depth)?;
        let mut elements = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if !self.more(b']')? {
                return Ok(Value::Array(elements));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Stop> {
        self.open(depth)?;
        let mut members = Map::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            let name_at = self.at;
            if self.peek() != Some(b'"') {
                return self.unexpected(Flaw::NoName);
            }
            let name = self.string(MAX_NAME, Flaw::LongName)?;
            self.skip_white_space();
            if self.peek() != Some(b':') {
                return self.unexpected(Flaw::NoColon);
            }
            self.at += 1;
            self.skip_white_space();
            let value = self.value(depth)?;
            if members.insert(name, value).is_some() {
                return Err(Stop { flaw: Flaw::DuplicateName, at: name_at });
            }
            if !self.more(b'}')? {
                return Ok(Value::Object(members));
            }
        }
    }
}

#[cfg(test)]
mod table;
