//! Numbers: exact, or refused.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::{Flaw, MAX_DIGITS, MAX_NUMBER, Reader, Stop};
use serde_json::Number;

/// From here on not every integer is a double.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

impl Reader<'_> {
    /// Reads the number that starts with the minus or digit at the current place (RFC 8259 §6).
    pub(super) fn number(&mut self) -> Result<Number, Stop> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if let Some(b'0'..=b'9') = self.peek() {
                return Err(Stop { flaw: Flaw::LeadingZero, at: start });
            }
        } else {
            self.digits()?;
        }
        let whole = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let mantissa = self.at;
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        let literal = &self.text[start..self.at];
        let number = if self.at == whole {
            integer(literal)
        } else {
            let exponent = self.text.get(mantissa + 1..self.at).unwrap_or("0");
            double(literal, &self.text[start..mantissa], exponent)
        };
        number.map_err(|flaw| Stop { flaw, at: start })
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.unexpected(Flaw::NoDigit) } else { Ok(()) }
    }
}

fn integer(literal: &str) -> Result<Number, Flaw> {
    if literal == "-0" {
        return Err(Flaw::NegativeZero);
    }
    if let Ok(n) = literal.parse::<u64>() {
        return Ok(n.into());
    }
    literal.parse::<i64>().map(Number::from).map_err(|_| Flaw::LargeInteger)
}

/// A number with fraction or exponent. `mantissa` is the literal before the `e`, `exponent` what follows it.
fn double(literal: &str, mantissa: &str, exponent: &str) -> Result<Number, Flaw> {
    if literal.len() > MAX_NUMBER {
        return Err(Flaw::LongNumber);
    }
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.len() > MAX_DIGITS {
        return Err(Flaw::LongNumber);
    }
    let value: f64 = literal.parse().map_err(|_| Flaw::NoDigit)?;
    if value == 0.0 && !significant.is_empty() {
        return Err(Flaw::Underflow);
    }
    if value.abs() >= EXACT_BELOW && value.is_finite() {
        let fraction = mantissa.find('.').map_or(0, |dot| mantissa.len() - dot - 1);
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let zeros = exponent.parse::<i64>().ok().map(|e| e + trailing as i64 - fraction as i64);
        let same = |zeros| is_exact(value, significant, zeros) || is_shortest(value, significant, zeros);
        if !zeros.is_some_and(same) {
            return Err(Flaw::Inexact);
        }
    }
    Number::from_f64(value).ok_or(Flaw::NotFinite)
}

/// Whether `significant` and so many zeros are how a double that came from no integer is written: the
/// shortest decimal that reads back as `value`. It is the one that leaves, so nothing of it is lost.
fn is_shortest(value: f64, significant: &str, zeros: i64) -> bool {
    let written = format!("{:e}", value.abs());
    let Some((mantissa, exponent)) = written.split_once('e') else { return false };
    let digits = mantissa.replace('.', "");
    let shortest = digits.trim_end_matches('0');
    let places = shortest.len() as i64 - 1;
    shortest == significant && exponent.parse().is_ok_and(|exponent: i64| exponent - places == zeros)
}

/// Whether `value` is exactly the integer that is written as `significant` and so many zeros.
fn is_exact(value: f64, significant: &str, zeros: i64) -> bool {
    // With a precision, Rust prints a double's exact decimal expansion and not the shortest.
    let exact = format!("{:.0}", value.abs());
    let tail = exact.strip_prefix(significant).filter(|tail| tail.bytes().all(|b| b == b'0'));
    tail.is_some_and(|tail| usize::try_from(zeros).is_ok_and(|zeros| zeros == tail.len()))
}
