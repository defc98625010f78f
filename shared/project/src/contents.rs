//! Where the files of a project are.

use std::io::{Read, Seek};

use bundle::{Bundle, PackError, ReadError};

/// The files of a project, by their paths from the folder that the config is in.
pub trait Contents {
    /// Every path, in order.
    fn paths(&self) -> Vec<String>;

    /// How many bytes a file has; none where there is no such file.
    fn size(&self, path: &str) -> Option<u64>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// [`ReadError`] if there is no such file or it cannot be read.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// Packs the files beneath a folder as [`bundle::pack`] does.
    ///
    /// # Errors
    /// [`PackError`].
    fn pack(&mut self, folder: &str, to: &mut Vec<u8>) -> Result<bundle::Packed, PackError>;

    /// Whether there is more than the config: code can be in folders, and templates in files.
    fn is_whole(&self) -> bool {
        true
    }
}

impl<R: Read + Seek> Contents for Bundle<R> {
    fn paths(&self) -> Vec<String> {
        self.files().map(|file| file.path.clone()).collect()
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.file(path).map(|file| file.size)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        Self::read(self, path)
    }

    fn pack(&mut self, folder: &str, to: &mut Vec<u8>) -> Result<bundle::Packed, PackError> {
        self.pack_folder(folder, to)
    }
}

/// A config without anything beside it.
#[derive(Debug, Clone)]
pub struct Bare {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Contents for Bare {
    fn paths(&self) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn size(&self, path: &str) -> Option<u64> {
        (path == self.name).then_some(self.bytes.len() as u64)
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, ReadError> {
        if path == self.name { Ok(self.bytes.clone()) } else { Err(ReadError::NotFound(path.to_owned())) }
    }

    fn pack(&mut self, _: &str, _: &mut Vec<u8>) -> Result<bundle::Packed, PackError> {
        Err(PackError::Empty)
    }

    fn is_whole(&self) -> bool {
        false
    }
}
