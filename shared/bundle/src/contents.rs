//! What an accepted archive holds.
//!
//! Owns access by path and by folder. Must never give out more bytes of a file than were counted when it was checked.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Seek, Write};
use std::ops::Bound;

use zip::read::{OwnedZipFileEntry, ZipReadOptions};

use crate::pack::{PackError, Packed, Packer, is_left_out};
use crate::watched::Watched;

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative, with `/` between components; the same for every program that reads the archive.
    pub path: String,
    /// Unpacked, in bytes; checked against the content.
    pub size: u64,
    /// Whether anybody may execute it, by its Unix mode.
    pub executable: bool,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) file: File,
    pub(crate) zip: OwnedZipFileEntry,
}

/// An archive that broke no rule, open for reading. Folders show only in the paths of the files that they hold.
pub struct Bundle<R> {
    reader: Watched<R>,
    entries: BTreeMap<String, Entry>,
}

impl<R> fmt::Debug for Bundle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.values().map(|entry| &entry.file)).finish()
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The archive holds no file at this path.
    #[error("the archive has no file `{0}`")]
    NotFound(String),
    /// The reader failed, or gives something else than when the archive was checked.
    #[error("reading `{path}` from the archive failed")]
    Io {
        /// The file.
        path: String,
        /// What the reader said.
        source: io::Error,
    },
}

impl<R: Read + Seek> Bundle<R> {
    pub(crate) fn new(reader: Watched<R>, entries: BTreeMap<String, Entry>) -> Self {
        Self { reader, entries }
    }

    /// All files, by path.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.entries.values().map(|entry| &entry.file)
    }

    /// The file at `path`.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&File> {
        self.entries.get(plain(path)).map(|entry| &entry.file)
    }

    /// The files beneath a folder, each with its path from there; `.` or nothing is the whole archive. A folder that does
    /// not exist has no files.
    pub fn folder<'b>(&'b self, folder: &str) -> impl Iterator<Item = (&'b str, &'b File)> + use<'b, R> {
        let prefix = match plain(folder) {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        self.entries
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .map_while(move |(path, entry)| path.strip_prefix(&prefix).map(|rest| (rest, &entry.file)))
    }

    /// The whole content of a file, whose [`File::size`] says beforehand how much memory that takes.
    ///
    /// # Errors
    /// [`ReadError`] if there is no such file or the reader fails.
    pub fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        let mut content = Vec::new();
        self.read_into(path, &mut |file| file.read_to_end(&mut content).map(drop))?;
        Ok(content)
    }

    /// Packs the files beneath a folder as [`crate::pack`] does, with paths from that folder, a block at a time.
    ///
    /// # Errors
    /// [`PackError::Empty`] if the folder holds no file (or does not exist), [`PackError::TooLarge`] if they are more than a
    /// function can hold; both before anything is written.
    pub fn pack_folder<W: Write>(&mut self, folder: &str, writer: W) -> Result<Packed, PackError> {
        let (left_out, files): (Vec<_>, Vec<_>) = self
            .folder(folder)
            .map(|(path, file)| (path.to_owned(), file.clone()))
            .partition(|(path, _)| is_left_out(path));
        let left_out = left_out.into_iter().map(|(path, _)| path).collect();
        let unpacked = files.iter().map(|(_, file)| file.size).fold(0, u64::saturating_add);
        let mut packer = Packer::start(writer, files.len(), unpacked)?;
        for (path, file) in files {
            self.read_into(&file.path, &mut |content| packer.add(&path, file.executable, content)).map_err(
                |error| match error {
                    ReadError::Io { source, .. } => PackError::Io { path: path.clone(), source },
                    ReadError::NotFound(path) => PackError::Io { path, source: io::ErrorKind::NotFound.into() },
                },
            )?;
        }
        packer.finish(left_out)
    }

    fn read_into(
        &mut self,
        path: &str,
        take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), ReadError> {
        let Some(entry) = self.entries.get(plain(path)) else {
            return Err(ReadError::NotFound(path.to_owned()));
        };
        let zip = entry.zip.as_ref().with_reader(&mut self.reader, ZipReadOptions::new());
        let taken = zip.map_err(io::Error::from).and_then(|zip| {
            let mut bounded = zip.take(entry.file.size);
            take(&mut bounded)?;
            // One read past the bound, because the checksum is compared at the end of the content.
            bounded.set_limit(1);
            bounded.read(&mut [0]).map(drop)
        });
        taken.map_err(|source| ReadError::Io { path: path.to_owned(), source })
    }
}

/// A path as people write it in a config, without what means nothing: `./agents/a/` is `agents/a`.
fn plain(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    if path == "." { "" } else { path }
}
