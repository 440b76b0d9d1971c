//! Strings and names: runs of plain bytes are found by table and copied whole.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::{Flaw, Reader, Stop};

/// What a byte inside a string is: the run goes on, goes on but is not printable ASCII, or ends here.
const PLAIN: u8 = 0;
const OTHER: u8 = 1;
const END: u8 = 2;

const KIND: [u8; 256] = {
    let mut kind = [PLAIN; 256];
    let mut b = 0;
    while b < 256 {
        if b < 0x20 || b == b'"' as usize || b == b'\\' as usize {
            kind[b] = END;
        } else if b >= 0x7F {
            kind[b] = OTHER;
        }
        b += 1;
    }
    kind
};

impl Reader<'_> {
    /// Reads the string that starts with the quote at the current place.
    pub(super) fn string(&mut self, longest: usize, too_long: Flaw) -> Result<String, Stop> {
        let opening = self.at;
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let run = self.at;
            self.skip_run();
            if decoded.len() + (self.at - run) > longest {
                return Err(Stop { flaw: too_long, at: opening });
            }
            // A run ends at an ASCII byte, so both ends are character boundaries.
            decoded.push_str(&self.text[run..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(decoded);
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    self.plain &= matches!(c, ' '..='~');
                    decoded.push(c);
                }
                _ => return self.unexpected(Flaw::ControlCharacter),
            }
        }
    }

    fn skip_run(&mut self) {
        let mut seen = PLAIN;
        for (i, byte) in self.bytes[self.at..].iter().enumerate() {
            let kind = KIND[usize::from(*byte)];
            if kind == END {
                self.at += i;
                self.plain &= seen == PLAIN;
                return;
            }
            seen |= kind;
        }
        self.at = self.bytes.len();
    }

    /// Reads the escape that starts with the backslash at the current place (RFC 8259 §7).
    fn escape(&mut self) -> Result<char, Stop> {
        let backslash = self.at;
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(backslash),
            Some(_) => return Err(Stop { flaw: Flaw::BadEscape, at: backslash }),
            None => return self.stop(Flaw::Truncated),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode_escape(&mut self, backslash: usize) -> Result<char, Stop> {
        let first = self.four_digits(backslash)?;
        let lone = || Stop { flaw: Flaw::LoneSurrogate, at: backslash };
        let code = match first {
            0xD800..=0xDBFF => {
                if !self.bytes[self.at..].starts_with(b"\\u") {
                    return Err(lone());
                }
                let second_at = self.at;
                self.at += 1;
                let second = self.four_digits(second_at)?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(lone());
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(lone)
    }

    /// Reads `uXXXX` at the current place.
    fn four_digits(&mut self, backslash: usize) -> Result<u32, Stop> {
        let mut code = 0;
        for _ in 0..4 {
            self.at += 1;
            let Some(byte) = self.peek() else { return self.stop(Flaw::Truncated) };
            let digit = char::from(byte).to_digit(16);
            code = code * 16 + digit.ok_or(Stop { flaw: Flaw::BadEscape, at: backslash })?;
        }
        self.at += 1;
        Ok(code)
    }
}
