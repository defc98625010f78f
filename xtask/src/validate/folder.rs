//! A project in a folder of this machine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bundle::{PackError, Packed, ReadError, Source};
use project::Contents;

/// How deep folders are looked into: as deep as paths of a bundle may be.
const DEEPEST: usize = 32;

/// The files of a folder, as a zip of it would have them.
pub(crate) struct Folder {
    root: PathBuf,
    /// Bytes, and whether anybody may execute it, by path.
    files: BTreeMap<String, (u64, bool)>,
}

impl Folder {
    /// Lists a folder. What is never packed (version control, caches) is not looked at; links are followed, as `zip` does.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut ahead = vec![(root.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = ahead.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                // A name that is no text can be in no bundle, and no config can name it.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                // A link that leads nowhere is left to whoever needs the file.
                let Ok(found) = fs::metadata(entry.path()) else { continue };
                if bundle::is_left_out(&path) {
                    continue;
                }
                if found.is_dir() && depth < DEEPEST {
                    ahead.push((entry.path(), path, depth + 1));
                } else if found.is_file() {
                    files.insert(path, (found.len(), is_executable(&found)));
                }
            }
        }
        Ok(Self { root: root.to_owned(), files })
    }
}

#[cfg(unix)]
fn is_executable(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

impl Contents for Folder {
    fn paths(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.files.get(path).map(|(size, _)| *size)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        if !self.files.contains_key(path) {
            return Err(ReadError::NotFound(path.to_owned()));
        }
        fs::read(self.root.join(path)).map_err(|source| ReadError::Io { path: path.to_owned(), source })
    }

    fn pack(&mut self, folder: &str, to: &mut Vec<u8>) -> Result<Packed, PackError> {
        let folder = folder.strip_prefix("./").unwrap_or(folder).trim_end_matches('/');
        let prefix = if matches!(folder, "" | ".") { String::new() } else { format!("{folder}/") };
        let beneath = self.files.iter().filter_map(|(path, (_, executable))| {
            let content = OnDemand { path: self.root.join(path), file: None };
            Some(Source { path: path.strip_prefix(&prefix)?.to_owned(), executable: *executable, content })
        });
        bundle::pack(beneath, to)
    }
}

/// A file that is opened when it is read: of many, few are open at once.
struct OnDemand {
    path: PathBuf,
    file: Option<File>,
}

impl Read for OnDemand {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.file.is_none() {
            self.file = Some(File::open(&self.path)?);
        }
        let Some(file) = &mut self.file else { return Ok(0) };
        let read = file.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            // Read to its end: nobody asks again.
            self.file = None;
            self.path.clear();
        }
        Ok(read)
    }
}
