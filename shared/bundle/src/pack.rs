//! Zips whose bytes depend on nothing but what is in them.
//!
//! Owns the form: entries in the order of their paths, all of 1980-01-01, mode 0755 or 0644, deflate at one level. Equal
//! content gives equal bytes and so an equal digest, whatever the order, times and owners at the source, and a function is
//! touched only when its code is another. Must never leave out a file that is not in [`LEFT_OUT`].

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use model::{Artifact, Digest};
use sha2::{Digest as _, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::limits::{LAMBDA_UNPACKED, size};
use crate::name::{self, Names};
use crate::problem::Problems;
use crate::{Limits, Problem};

/// Folders and files of these names, anywhere in a path, do not go into a zip: version control, caches that a runtime writes
/// anew, and what desktops leave behind. None can be part of a working agent, and all change without the agent changing.
/// (A `.pyc` beside its source is kept: Python can import it without one.)
pub const LEFT_OUT: &[&str] = &[".DS_Store", ".git", ".hg", ".svn", "__MACOSX", "__pycache__"];

/// Deflate's usual compromise. A change of it, or of the library that compresses, changes every digest, and so every
/// function once; a test holds the digest of a known zip so that this does not happen unseen.
const LEVEL: i64 = 6;

/// Compressors may give other bytes when they are fed in other portions, so all get portions of this many bytes.
const BLOCK: usize = 64 * 1024;

/// A file to be packed.
#[derive(Debug)]
pub struct Source<C> {
    /// Relative, with `/` between components.
    pub path: String,
    /// Whether it is a program: mode 0755 instead of 0644.
    pub executable: bool,
    /// What is in it: a reader, or bytes (`&[u8]` is a reader).
    pub content: C,
}

/// A zip that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Its address and size.
    pub artifact: Artifact,
    /// The bytes of its files, unpacked.
    pub unpacked: u64,
    /// How many files it holds.
    pub files: usize,
    /// The paths that were not packed, for [`LEFT_OUT`].
    pub left_out: Vec<String>,
}

/// Why no zip came of it.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// There is nothing to pack.
    #[error("there is no file to pack")]
    Empty,
    /// More than a function can hold.
    #[error("the files are {} unpacked, and Lambda takes at most {}", size(*.unpacked), size(LAMBDA_UNPACKED))]
    TooLarge {
        /// What they come to, in bytes; or, where that was not known before, how far the counting went.
        unpacked: u64,
    },
    /// Paths that an archive may not hold.
    #[error("{} of the paths cannot be packed", .0.len())]
    Paths(Vec<Problem>),
    /// A source could not be read, or the zip not written.
    #[error("packing `{path}` failed")]
    Io {
        /// The file that was being packed.
        path: String,
        /// What the reader or writer said.
        source: io::Error,
    },
    /// The end of the zip could not be written.
    #[error("finishing the zip failed")]
    Finish(#[source] io::Error),
}

/// Whether a path is left out of zips, because a component is one of [`LEFT_OUT`].
#[must_use]
pub fn is_left_out(path: &str) -> bool {
    path.split('/').any(|part| LEFT_OUT.contains(&part))
}

/// Writes a zip of these files, in the one form that their content allows.
///
/// # Errors
/// [`PackError`]; what was written by then is of no use.
pub fn pack<C: Read, W: Write>(files: impl IntoIterator<Item = Source<C>>, writer: W) -> Result<Packed, PackError> {
    let mut problems = Problems::default();
    let mut names = Names::default();
    let mut sorted = BTreeMap::new();
    let mut left_out = Vec::new();
    for file in files {
        if is_left_out(&file.path) {
            left_out.push(file.path);
        } else if let Some(name) = name::parse(file.path.as_bytes(), &Limits::default(), &mut problems)
            && names.take(&name, &mut problems)
        {
            sorted.insert(name.path, file);
        }
    }
    names.clashes(&mut problems);
    let problems = problems.into_vec();
    if !problems.is_empty() {
        return Err(PackError::Paths(problems));
    }
    left_out.sort_unstable();
    let mut packer = Packer::start(writer, sorted.len(), 0)?;
    for (path, mut file) in sorted {
        packer
            .add(&path, file.executable, &mut file.content)
            .map_err(|source| PackError::Io { path: path.clone(), source })?;
        if packer.unpacked > LAMBDA_UNPACKED {
            return Err(PackError::TooLarge { unpacked: packer.unpacked });
        }
    }
    packer.finish(left_out)
}

/// A zip that is being written; files must come in the order of their paths.
pub(crate) struct Packer<W: Write> {
    zip: ZipWriter<StreamWriter<Digesting<W>>>,
    block: Vec<u8>,
    unpacked: u64,
    files: usize,
}

impl<W: Write> Packer<W> {
    /// `unpacked` is how much will come, as far as that is known.
    pub(crate) fn start(writer: W, files: usize, unpacked: u64) -> Result<Self, PackError> {
        if files == 0 {
            return Err(PackError::Empty);
        }
        if unpacked > LAMBDA_UNPACKED {
            return Err(PackError::TooLarge { unpacked });
        }
        let digesting = Digesting { inner: writer, digest: Sha256::new(), written: 0 };
        Ok(Self { zip: ZipWriter::new_stream(digesting), block: vec![0; BLOCK], unpacked: 0, files })
    }

    pub(crate) fn add(&mut self, path: &str, executable: bool, content: &mut dyn Read) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::default())
            .system(System::Unix)
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        self.zip.start_file(path, options)?;
        loop {
            let filled = fill(content, &mut self.block)?;
            self.unpacked = self.unpacked.saturating_add(filled as u64);
            self.zip.write_all(self.block.get(..filled).unwrap_or_default())?;
            if filled < self.block.len() || self.unpacked > LAMBDA_UNPACKED {
                return Ok(());
            }
        }
    }

    pub(crate) fn finish(self, left_out: Vec<String>) -> Result<Packed, PackError> {
        let mut written = self.zip.finish().map_err(|error| PackError::Finish(error.into()))?.into_inner();
        written.inner.flush().map_err(PackError::Finish)?;
        Ok(Packed {
            artifact: Artifact { digest: Digest::of_hash(written.digest.finalize().into()), size: written.written },
            unpacked: self.unpacked,
            files: self.files,
            left_out,
        })
    }
}

/// Fills `block` from a reader, which may give less at a time, as far as it goes.
fn fill(reader: &mut dyn Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Counts and digests what passes through to a writer.
struct Digesting<W> {
    inner: W,
    digest: Sha256,
    written: u64,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.written = self.written.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
