//! A reader that tells its own failure from a broken archive.
//!
//! Must never let a network or disk error look like something the user did: the first is tried again, the second refused.

use std::io::{self, Read, Seek, SeekFrom};

/// Keeps to the length that was found at the beginning, and remembers the first error of the reader beneath.
#[derive(Debug)]
pub(crate) struct Watched<R> {
    inner: R,
    length: u64,
    position: u64,
    fault: Option<io::Error>,
}

impl<R: Read + Seek> Watched<R> {
    pub(crate) fn new(mut inner: R) -> io::Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.rewind()?;
        Ok(Self { inner, length, position: 0, fault: None })
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    fn note(&mut self, error: io::Error) -> io::Error {
        let copy = io::Error::new(error.kind(), error.to_string());
        if error.kind() != io::ErrorKind::Interrupted && self.fault.is_none() {
            self.fault = Some(error);
        }
        copy
    }
}

impl<R: Read + Seek> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer).map_err(|error| self.note(error))?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl<R: Read + Seek> Seek for Watched<R> {
    /// An offset beyond the end is the archive's lie, so it is refused here, before a file could call it an error.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let Some(target) = target.filter(|target| *target <= self.length) else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an offset lies beyond the end of the archive"));
        };
        self.position = self.inner.seek(SeekFrom::Start(target)).map_err(|error| self.note(error))?;
        Ok(self.position)
    }
}
