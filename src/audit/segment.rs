//! Segments: the files of a log, each named by the number of its first record.

use super::chain::{LeafHash, leaf_hash};
use super::disk::Disk;
use super::event::Cut;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The segment that is being written. Everything up to `length` is durable.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    length: u64,
    last_line: u64,
}

impl Segment {
    /// Makes the segment that starts with record `first`.
    ///
    /// # Errors
    /// As the system says. An empty file of that name, left by a crash, is replaced; any other is an error.
    pub fn create(dir: &Path, first: u64, disk: &dyn Disk) -> io::Result<Self> {
        let path = dir.join(file_name(first));
        if fs::metadata(&path).is_ok_and(|m| m.len() == 0) {
            fs::remove_file(&path)?;
        }
        let file = disk.create(&path)?;
        sync_dir(dir)?;
        let found = file.metadata()?;
        Ok(Self { path, file, identity: (found.dev(), found.ino()), length: 0, last_line: 0 })
    }

    /// Removes the segment that starts with record `first`, where there is one.
    ///
    /// # Errors
    /// As the system says.
    pub fn discard(dir: &Path, first: u64) -> io::Result<()> {
        match fs::remove_file(dir.join(file_name(first))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Appends whole lines, the last of which is `last_line` bytes long, and makes them durable.
    ///
    /// # Errors
    /// As the system says, or that somebody else touched the file. The segment is then poisoned: the
    /// caller goes on in another one, after [`Segment::cut_back`].
    pub fn append(&mut self, disk: &dyn Disk, lines: &[u8], last_line: usize) -> io::Result<()> {
        self.check_in_place(|length| length == self.length)?;
        disk.write(&self.file, lines)?;
        disk.sync(&self.file)?;
        self.length += lines.len() as u64;
        self.last_line = last_line as u64;
        Ok(())
    }

    /// Cuts the file back to what is known to be durable, after reading its last record back. What
    /// stood behind it is set aside in a file of its own. Uses descriptors of its own.
    ///
    /// # Errors
    /// As the system says, or that the file is not the one that was written.
    pub fn cut_back(&self, dir: &Path, next: u64, prev: &LeafHash) -> io::Result<Option<Cut>> {
        self.check_in_place(|length| length >= self.length)?;
        if self.last_line > 0 {
            let mut line = vec![0; (self.last_line - 1) as usize];
            File::open(&self.path)?.read_exact_at(&mut line, self.length - self.last_line)?;
            if leaf_hash(&line) != *prev {
                return Err(io::Error::other(format!(
                    "the last durable record of {} reads back changed",
                    self.path.display()
                )));
            }
        }
        set_aside(dir, &self.path, self.length, next)
    }

    fn check_in_place(&self, expected: impl Fn(u64) -> bool) -> io::Result<()> {
        let found = fs::metadata(&self.path).map_err(|error| {
            let kind = error.kind();
            io::Error::new(kind, format!("the segment {} is gone: {error}", self.path.display()))
        })?;
        if (found.dev(), found.ino()) == self.identity && expected(found.len()) {
            return Ok(());
        }
        let path = self.path.display();
        Err(io::Error::other(format!("{path} was moved, replaced or written to by something else")))
    }
}

/// The name of the segment that starts with record `first`.
pub fn file_name(first: u64) -> String {
    format!("{first:020}.jsonl")
}

/// The segments of a folder, in order, with the number of the first record of each.
///
/// # Errors
/// As the system says.
pub fn list(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if let Some(first) = path.file_name().and_then(|n| n.to_str()).and_then(first_of) {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".jsonl")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// Moves what stands behind `keep` bytes of a segment into `torn-<next>` beside it, durably, and cuts it off.
///
/// # Errors
/// As the system says; nothing is cut before it is safe elsewhere.
pub fn set_aside(dir: &Path, path: &Path, keep: u64, next: u64) -> io::Result<Option<Cut>> {
    let mut segment = OpenOptions::new().read(true).write(true).open(path)?;
    let length = segment.metadata()?.len().saturating_sub(keep);
    if length == 0 {
        return Ok(None);
    }
    let (name, mut aside) = create_torn(dir, next)?;
    segment.seek(SeekFrom::Start(keep))?;
    let copied = io::copy(&mut (&segment).take(length), &mut aside).and_then(|_| aside.sync_all());
    if let Err(error) = copied.and_then(|()| sync_dir(dir)) {
        // Tried again each second while the disk is full: what is half done must not pile up.
        let _ = fs::remove_file(dir.join(name));
        return Err(error);
    }
    segment.set_len(keep)?;
    segment.sync_all()?;
    let segment = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(Cut { segment, offset: keep, length, set_aside: name }))
}

fn create_torn(dir: &Path, next: u64) -> io::Result<(String, File)> {
    let mut attempt = 0;
    loop {
        let name = if attempt == 0 { format!("torn-{next}") } else { format!("torn-{next}.{attempt}") };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => attempt += 1,
            made => return Ok((name, made?)),
        }
    }
}

/// Makes a folder's entries durable.
///
/// # Errors
/// As the system says.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
