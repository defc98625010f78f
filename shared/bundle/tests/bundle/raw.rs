//! A zip writer that writes whatever it is told, lies included.

use std::io::{Cursor, Write};

use bundle::{Bundle, Code, Limits, OpenError, Problem};

/// An entry whose headers say what the test wants them to say.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Vec<u8>,
    /// The bytes between local header and next entry.
    pub(crate) data: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) packed: u32,
    pub(crate) unpacked: u32,
    /// Unix mode, in the upper half of the external attributes.
    pub(crate) mode: u32,
    pub(crate) extra: Vec<u8>,
    /// Where the directory says that the local header is, if not where it is.
    pub(crate) offset: Option<u32>,
}

/// A stored file that is in order.
pub(crate) fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Raw {
    let content = content.as_ref();
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len()).unwrap();
    Raw {
        name: name.as_ref().to_vec(),
        local_name: name.as_ref().to_vec(),
        data: content.to_vec(),
        method: 0,
        flags: 0,
        crc: crc.sum(),
        packed: size,
        unpacked: size,
        mode: 0o100_644,
        extra: Vec::new(),
        offset: None,
    }
}

/// A deflated file that is in order.
pub(crate) fn deflated(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Raw {
    let mut raw = file(name, &content);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content.as_ref()).unwrap();
    raw.data = encoder.finish().unwrap();
    raw.method = 8;
    raw.packed = u32::try_from(raw.data.len()).unwrap();
    raw
}

impl Raw {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Raw)) -> Raw {
        change(&mut self);
        self
    }
}

/// The archive: local headers and data, directory, end.
pub(crate) fn zip(entries: &[Raw]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = entry.offset.unwrap_or(u32::try_from(out.len()).unwrap());
        let common = |name: &[u8]| {
            let mut bytes = Vec::new();
            bytes.extend(20_u16.to_le_bytes());
            bytes.extend(entry.flags.to_le_bytes());
            bytes.extend(entry.method.to_le_bytes());
            bytes.extend([0, 0, 0x21, 0]);
            bytes.extend(entry.crc.to_le_bytes());
            bytes.extend(entry.packed.to_le_bytes());
            bytes.extend(entry.unpacked.to_le_bytes());
            bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            bytes.extend(u16::try_from(entry.extra.len()).unwrap().to_le_bytes());
            bytes
        };
        out.extend(b"PK\x03\x04");
        out.extend(common(&entry.local_name));
        out.extend(&entry.local_name);
        out.extend(&entry.extra);
        out.extend(&entry.data);
        directory.extend(b"PK\x01\x02");
        directory.extend([20, 3]);
        directory.extend(common(&entry.name));
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let count = u16::try_from(entries.len()).unwrap();
    let (start, size) = (u32::try_from(out.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// The same archive with a zip64 end before its end, whose fields say what the test wants: by how much the true values are
/// off, in the order of the format (record size, entries here, entries, directory size, directory offset), and at last the
/// locator's offset of the record.
pub(crate) fn zip64(entries: &[Raw], off: [u64; 6]) -> Vec<u8> {
    let mut out = zip(entries);
    let end = out.split_off(out.len() - 22);
    let word = |at: usize| u64::from(u32::from_le_bytes(end[at..at + 4].try_into().unwrap()));
    let count = entries.len() as u64;
    let true_values = [44, count, count, word(12), word(16), out.len() as u64];
    let values: Vec<_> =
        true_values.iter().zip(off).map(|(value, off)| value.wrapping_add(off).to_le_bytes()).collect();
    out.extend(b"PK\x06\x06");
    out.extend(values[0]);
    out.extend([45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(values[1..5].concat());
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(values[5]);
    out.extend([1, 0, 0, 0]);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([0xff; 12]);
    out.extend([0, 0]);
    out
}

pub(crate) fn accept(bytes: &[u8]) -> Bundle<Cursor<&[u8]>> {
    accept_within(bytes, &Limits::default())
}

pub(crate) fn accept_within<'a>(bytes: &'a [u8], limits: &Limits) -> Bundle<Cursor<&'a [u8]>> {
    match bundle::open(Cursor::new(bytes), limits) {
        Ok(bundle) => bundle,
        Err(OpenError::Refused(problems)) => panic!("refused: {problems:#?}"),
        Err(OpenError::Io(error)) => panic!("failed: {error}"),
    }
}

pub(crate) fn refuse(bytes: &[u8]) -> Vec<Problem> {
    refuse_within(bytes, &Limits::default())
}

pub(crate) fn refuse_within(bytes: &[u8], limits: &Limits) -> Vec<Problem> {
    match bundle::open(Cursor::new(bytes), limits) {
        Ok(bundle) => panic!("accepted: {bundle:?}"),
        Err(OpenError::Refused(problems)) => problems,
        Err(OpenError::Io(error)) => panic!("failed: {error}"),
    }
}

pub(crate) fn codes(problems: &[Problem]) -> Vec<Code> {
    problems.iter().map(|problem| problem.code).collect()
}
