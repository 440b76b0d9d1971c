//! Reads a segment line by line, with the place of each.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

/// The longest line that is read, in bytes.
pub const LONGEST: u64 = 64 << 20;

/// The lines of one file.
#[derive(Debug)]
pub struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    offset: u64,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Without the newline.
    pub text: &'a [u8],
    /// Counted from 1.
    pub number: u64,
    /// Where it starts, in bytes.
    pub offset: u64,
    /// Whether a newline ended it.
    pub ended: bool,
}

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    /// As the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::with_capacity(1 << 18, File::open(path)?);
        Ok(Self { reader, line: Vec::new(), number: 0, offset: 0 })
    }

    /// The next line, `None` at the end.
    ///
    /// # Errors
    /// As the system says. A line longer than [`LONGEST`] comes in pieces, the first of which is not `ended`.
    pub fn read_next(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.offset += self.line.len() as u64;
        self.line.clear();
        if (&mut self.reader).take(LONGEST).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = self.line.last() == Some(&b'\n');
        let text = &self.line[..self.line.len() - usize::from(ended)];
        Ok(Some(Piece { text, number: self.number, offset: self.offset, ended }))
    }
}
