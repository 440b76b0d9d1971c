//! The chunked transfer coding (RFC 9112 §7.1), decoded strictly and without a socket.
//!
//! Extensions are read over and dropped, trailer fields are dropped but named, and everything that
//! two readers could understand in two ways ends the request.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};

/// The longest chunk-size line or trailer line, CRLF included.
const MAX_LINE: usize = 1024;
/// The most trailer fields.
const MAX_TRAILERS: usize = 32;
/// The most hexadecimal digits of a chunk size: 4 GiB, far above any body bound.
const MAX_SIZE_DIGITS: usize = 8;

/// Decodes one chunked body from bytes as they come.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    content: Vec<u8>,
    max: usize,
    trailers: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data(usize),
    DataEnd,
    Trailers,
    Done,
}

impl Decoder {
    /// A decoder that refuses more than `max` bytes of content.
    pub fn new(max: usize) -> Self {
        Self { state: State::Size, content: Vec::new(), max, trailers: Vec::new() }
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The content and the names of the trailer fields, lower case.
    pub fn finish(self) -> (Vec<u8>, Vec<String>) {
        (self.content, self.trailers)
    }

    /// Takes what it can from `input` and says how many bytes that was. What is left over is either
    /// the beginning of a line whose end has not come, or belongs to the next request.
    ///
    /// # Errors
    /// `ambiguous_framing`, `body_too_large`.
    pub fn advance(&mut self, input: &[u8]) -> Result<usize, Refusal> {
        let mut taken = 0;
        while self.state != State::Done {
            let rest = &input[taken..];
            let step = match self.state {
                State::Data(wanted) => self.data(rest, wanted),
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        self.state = State::Size;
                        2
                    }
                    [] | [b'\r'] => 0,
                    _ => return Err(bad("chunk data is not followed by CRLF")),
                },
                _ => match line(rest)? {
                    Some(line) => {
                        self.line(line)?;
                        line.len() + 2
                    }
                    None => 0,
                },
            };
            if step == 0 {
                break;
            }
            taken += step;
        }
        Ok(taken)
    }

    fn data(&mut self, rest: &[u8], wanted: usize) -> usize {
        let now = wanted.min(rest.len());
        self.content.extend_from_slice(&rest[..now]);
        self.state = if now == wanted { State::DataEnd } else { State::Data(wanted - now) };
        now
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if self.state == State::Size {
            let size = chunk_size(line)?;
            if size > self.max.saturating_sub(self.content.len()) {
                return Err(Refusal::new(
                    Code::BodyTooLarge,
                    format!("the body has more than {} bytes", self.max),
                ));
            }
            self.state = if size == 0 { State::Trailers } else { State::Data(size) };
        } else if line.is_empty() {
            self.state = State::Done;
        } else {
            self.trailers.push(trailer_name(line)?);
            if self.trailers.len() > MAX_TRAILERS {
                return Err(bad("there are too many trailer fields"));
            }
        }
        Ok(())
    }
}

/// The line at the beginning of `bytes`, without its CRLF; `None` while its end has not come.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Refusal> {
    let Some(end) = bytes.iter().take(MAX_LINE).position(|b| *b == b'\n') else {
        return if bytes.len() >= MAX_LINE { Err(bad("a chunk line is too long")) } else { Ok(None) };
    };
    match bytes[..end].strip_suffix(b"\r") {
        Some(line) if line.iter().all(|b| *b == b'\t' || (*b >= 0x20 && *b != 0x7f)) => Ok(Some(line)),
        Some(_) => Err(bad("a chunk line has control characters")),
        None => Err(bad("a chunk line ends in LF without CR")),
    }
}

/// `1*HEXDIG`, then nothing or `;` and an extension, which is dropped.
fn chunk_size(line: &[u8]) -> Result<usize, Refusal> {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    if digits == 0 || digits > MAX_SIZE_DIGITS {
        return Err(bad("a chunk size is not a hexadecimal number of at most 8 digits"));
    }
    match line.get(digits) {
        None | Some(b';') => {}
        Some(_) => return Err(bad("a chunk size is followed by something that is no extension")),
    }
    Ok(line[..digits]
        .iter()
        .fold(0, |sum, digit| sum * 16 + (*digit as char).to_digit(16).unwrap_or_default() as usize))
}

fn trailer_name(line: &[u8]) -> Result<String, Refusal> {
    let name = line.split(|b| *b == b':').next().unwrap_or_default();
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    if name.is_empty() || name.len() == line.len() || !name.iter().all(is_token) {
        return Err(bad("a trailer line is not a header field"));
    }
    Ok(String::from_utf8_lossy(name).to_ascii_lowercase())
}

fn bad(detail: &str) -> Refusal {
    Refusal::new(Code::AmbiguousFraming, detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use proptest::prelude::*;

    fn decode(input: &[u8]) -> Result<(Vec<u8>, Vec<String>, usize), Code> {
        let mut decoder = Decoder::new(64);
        let taken = decoder.advance(input).map_err(|r| r.code)?;
        assert!(decoder.is_done(), "incomplete: {:?}", String::from_utf8_lossy(input));
        let (content, trailers) = decoder.finish();
        Ok((content, trailers, taken))
    }

    #[test]
    fn chunks_are_joined_extensions_and_trailers_dropped() {
        let input = b"4;canary=1\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\nX-Canary: leak\r\n\r\nGET /next";
        let (content, trailers, taken) = decode(input).unwrap();
        assert_eq!(content, b"{\"a\":1}");
        assert_eq!(trailers, ["x-canary"]);
        assert_eq!(&input[taken..], b"GET /next");
    }

    #[test]
    fn r27_what_two_readers_could_read_differently_is_refused() {
        for input in [
            &b"ffffffffffffffff1\r\n"[..],
            b"1_0\r\n",
            b"0x4\r\n",
            b"4\nabcd\r\n",
            b"4\r\nabcd0\r\n\r\n",
            b"4\r\nabcdX\r\n",
            b" 4\r\nabcd\r\n",
            b"4 \r\nabcd\r\n",
            b"+4\r\nabcd\r\n",
            b"-4\r\nabcd\r\n",
            b"\r\n",
            b"4;a\0b\r\nabcd\r\n",
            b"4;a\rb\r\nabcd\r\n",
            b"0\r\nno colon\r\n\r\n",
            b"0\r\n: empty\r\n\r\n",
            b"0\r\nA b: c\r\n\r\n",
            b"g\r\n",
            b"4\r\nabcd\n0\r\n\r\n",
        ] {
            assert_eq!(
                decode(input).unwrap_err(),
                Code::AmbiguousFraming,
                "{:?}",
                String::from_utf8_lossy(input)
            );
        }
        let endless = [b"4;".as_slice(), &[b'a'; MAX_LINE]].concat();
        assert_eq!(decode(&endless).unwrap_err(), Code::AmbiguousFraming);
    }

    #[test]
    fn the_bound_holds_over_all_chunks_together() {
        let input =
            b"3f\r\n".iter().chain(&[b'a'; 63]).chain(b"\r\n2\r\nbb\r\n").copied().collect::<Vec<_>>();
        assert_eq!(decode(&input).unwrap_err(), Code::BodyTooLarge);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_makes_no_difference(cut in 0_usize..42) {
            let input = b"4\r\n{\"a\"\r\n3;x\r\n:1}\r\n0\r\nX-T: v\r\n\r\nGET / HTTP";
            let mut decoder = Decoder::new(64);
            let first = decoder.advance(&input[..cut]).unwrap();
            let second = decoder.advance(&input[first..]).unwrap();
            prop_assert!(decoder.is_done());
            prop_assert_eq!(&input[first + second..], b"GET / HTTP");
            prop_assert_eq!(decoder.finish().0, b"{\"a\":1}");
        }

        #[test]
        fn no_bytes_make_it_panic(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::new(64);
            let _ = decoder.advance(&input);
            prop_assert!(decoder.finish().0.len() <= 64);
        }
    }
}
