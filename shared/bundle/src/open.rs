//! Looking an archive over, from outside to inside, before anything of it is used.
//!
//! Owns the order of the checks: its size, its directory, each entry's name and kind, what all of them claim together, and
//! at last every byte of content against those claims. A check runs whenever the ones before it left it something to look
//! at, so that as many problems as possible show at once. Must never unpack an entry whose claim is over a limit, nor
//! believe a claim that was not checked.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};

use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config, OwnedZipFileEntry, ZipFileEntry, ZipReadOptions};
use zip::unstable::read::ZipIterable;

use crate::contents::{Bundle, Entry, File};
use crate::limits::size;
use crate::name::{self, Name, Names};
use crate::problem::{Code, Problems, shown};
use crate::watched::Watched;
use crate::{Limits, Problem};

/// Why there is no [`Bundle`].
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The archive breaks these rules, of which there is at least one. Whoever made it has to make another.
    #[error("the archive is refused for {} problem(s)", .0.len())]
    Refused(Vec<Problem>),
    /// The reader failed, which says nothing of the archive. It can be tried again.
    #[error("reading the archive failed")]
    Io(#[from] io::Error),
}

/// Checks an archive completely, each byte of content included, and gives access to what it holds.
///
/// Reads are many and small: `reader` should be memory or a file, not a network. It may not change while the bundle is used.
///
/// # Errors
/// [`OpenError::Refused`] with up to 100 problems, [`OpenError::Io`] if `reader` itself fails.
pub fn open<R: Read + Seek>(reader: R, limits: &Limits) -> Result<Bundle<R>, OpenError> {
    let mut reader = Watched::new(reader)?;
    let mut problems = Problems::default();
    let entries = look_over(&mut reader, limits, &mut problems);
    if let Some(fault) = reader.take_fault() {
        return Err(OpenError::Io(fault));
    }
    let problems = problems.into_vec();
    if problems.is_empty() { Ok(Bundle::new(reader, entries)) } else { Err(OpenError::Refused(problems)) }
}

fn look_over<R: Read + Seek>(
    reader: &mut Watched<R>,
    limits: &Limits,
    problems: &mut Problems,
) -> BTreeMap<String, Entry> {
    let Some(listed) = list(reader, limits, problems) else { return BTreeMap::new() };
    check_headers(reader, &listed, problems);
    let names = check_entries(&listed, limits, problems);
    let fits = check_claims(&listed, limits, problems);
    if fits { check_contents(reader, &listed, names, limits, problems) } else { BTreeMap::new() }
}

/// An entry of the central directory: what it is called, for print, and all else.
struct Listed {
    print: String,
    zip: OwnedZipFileEntry,
}

impl Listed {
    fn zip(&self) -> ZipFileEntry<'_> {
        self.zip.as_ref()
    }
}

/// Reads the central directory; none if there is nothing to go on with.
fn list<R: Read + Seek>(reader: &mut Watched<R>, limits: &Limits, problems: &mut Problems) -> Option<Vec<Listed>> {
    let length = reader.length();
    if length == 0 {
        problems.archive(Code::EmptyObject, "the object is empty", "upload a zip archive: `zip -r bundle.zip .`");
        return None;
    }
    if length > limits.compressed {
        let message = format!("the archive is {}, and at most {} are allowed", size(length), size(limits.compressed));
        problems.archive(Code::ArchiveTooLarge, message, "leave out what the agents do not need at run time");
        return None;
    }
    let mut start = [0; 4];
    let begins_like_a_zip = reader.read_exact(&mut start).is_ok() && start == *b"PK\x03\x04";
    // The offset is fixed, because an archive behind other bytes means different things to different programs.
    let mut archive = match ZipIterable::try_new(&mut *reader, Config { archive_offset: ArchiveOffset::Known(0) }) {
        Ok(archive) => archive,
        Err(_) if begins_like_a_zip => {
            let message = "the archive has no readable end";
            problems.archive(Code::Truncated, message, "it was probably cut off: upload it again, completely");
            return None;
        }
        Err(_) => {
            problems.archive(Code::NotAZip, "the object is not a zip archive", "make it with `zip -r bundle.zip .`");
            return None;
        }
    };
    if archive.len() > limits.count {
        let message = format!("the archive has {} entries, and at most {} are allowed", archive.len(), limits.count);
        problems.archive(Code::TooManyEntries, message, "leave out what the agents do not need at run time");
        return None;
    }
    let mut listed = Vec::new();
    for entry in archive.files().ok()? {
        let Ok(entry) = entry else {
            let message = format!("the directory of the archive breaks off after {} entries", listed.len());
            problems.archive(Code::BrokenDirectory, message, "make the archive afresh");
            break;
        };
        let directory = length.saturating_sub(entry.central_header_start());
        if listed.is_empty() && directory > limits.directory {
            let message = format!(
                "the directory of the archive is {}, and at most {} are allowed",
                size(directory),
                size(limits.directory)
            );
            problems.archive(Code::DirectoryTooLarge, message, "leave out comments and extra fields");
            return None;
        }
        listed.push(Listed { print: shown(entry.name_raw()), zip: entry.into() });
    }
    Some(listed)
}

/// Compares each local header with the directory, and finds the first that differs: a program that reads the archive from
/// its front would unpack something else there.
fn check_headers<R: Read + Seek>(reader: &mut Watched<R>, listed: &[Listed], problems: &mut Problems) {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let Ok(archive) = ZipIterable::try_new(reader, config) else { return };
    let mut archive = archive.enforce_header_consistency(true);
    let Ok(entries) = archive.files() else { return };
    for (entry, checked) in listed.iter().zip(entries) {
        if checked.is_err() {
            let message = format!("the header of `{}` disagrees with the directory of the archive", entry.print);
            problems.entry(Code::HeaderMismatch, &entry.print, message, "make the archive afresh");
            return;
        }
    }
}

/// The name of each entry, where it has a good one and is an ordinary file or folder.
fn check_entries(listed: &[Listed], limits: &Limits, problems: &mut Problems) -> Vec<Option<Name>> {
    let mut names = Names::default();
    let accepted = listed
        .iter()
        .map(|entry| {
            let before = problems.count();
            let name = name::parse(entry.zip().name_raw(), limits, problems);
            check_kind(entry, problems);
            let name = name.filter(|name| names.take(name, problems));
            name.filter(|_| problems.count() == before)
        })
        .collect::<Vec<_>>();
    names.clashes(problems);
    let holds_a_file = listed.iter().any(|entry| !entry.zip().is_dir());
    if !holds_a_file && problems.count() == 0 {
        problems.archive(
            Code::EmptyArchive,
            "the archive holds no file",
            "make it from inside the project: `zip -r bundle.zip .`",
        );
    }
    accepted
}

fn check_kind(entry: &Listed, problems: &mut Problems) {
    const KIND: u32 = 0o170_000;
    const FILE: u32 = 0o100_000;
    const FOLDER: u32 = 0o040_000;
    const LINK: u32 = 0o120_000;
    let (zip, print) = (entry.zip(), &entry.print);
    let mut refuse = |code, what: String, help: &str| problems.entry(code, print, format!("`{print}` {what}"), help);

    // The upper half is the Unix mode, whatever system the archive says it comes from; zero if that system has none.
    match (zip.external_attributes() >> 16 & KIND, zip.is_dir()) {
        (0 | FILE, false) | (0 | FOLDER, true) => {}
        (LINK, _) => refuse(
            Code::Link,
            "is a symbolic link".to_owned(),
            "put the file itself in its place: `zip` does so without `-y`",
        ),
        (FILE, true) | (FOLDER, false) => {
            refuse(
                Code::FileOrFolder,
                "is a folder by its name or its mode, but not by both".to_owned(),
                "make the archive afresh",
            );
        }
        _ => refuse(Code::SpecialFile, "is a device, socket or pipe".to_owned(), "leave it out"),
    }
    if zip.is_dir() && zip.size() > 0 {
        refuse(Code::FileOrFolder, "is a folder, but has content".to_owned(), "make the archive afresh");
    }
    // Bit 6 is strong encryption, bit 13 an encrypted directory; neither needs bit 0 to be set in a hostile archive.
    if zip.encrypted() || zip.flags().as_u16() & (1 << 6 | 1 << 13) != 0 {
        refuse(Code::Encrypted, "is encrypted".to_owned(), "make the archive without a password");
    }
    let method = zip.compression();
    if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
        let what = format!("is compressed by a method that is not supported ({})", method.to_string().to_lowercase());
        refuse(Code::UnsupportedMethod, what, "use deflate, the default of `zip`");
    }
}

/// Holds what the headers claim against the limits; `false` if the archive as a whole is not to be unpacked.
fn check_claims(listed: &[Listed], limits: &Limits, problems: &mut Problems) -> bool {
    let mut total: u64 = 0;
    for entry in listed {
        let (claim, print) = (entry.zip().size(), &entry.print);
        if claim > limits.file {
            let message =
                format!("`{print}` unpacks to {}, and at most {} are allowed", size(claim), size(limits.file));
            problems.entry(Code::FileTooLarge, print, message, "no Lambda function can hold it: keep it in a bucket");
        } else if claim > limits.allowance(entry.zip().compressed_size()) {
            let message = format!("`{print}` unpacks to more than {} times its packed size", limits.ratio);
            problems.entry(Code::Bomb, print, message, "leave it out, or make it at run time");
        } else {
            // What is refused by itself is not unpacked, so it does not count.
            total = total.saturating_add(claim);
        }
    }
    if total > limits.unpacked {
        let message =
            format!("the archive unpacks to {}, and at most {} are allowed", size(total), size(limits.unpacked));
        problems.archive(Code::UnpacksTooLarge, message, "leave out what the agents do not need at run time");
    }
    total <= limits.unpacked
}

/// Unpacks each entry into nothing, and compares it with what its header claims: because no claim is over a limit, and
/// no byte of the archive counts for two entries, what is unpacked keeps to the limits too.
fn check_contents<R: Read + Seek>(
    reader: &mut Watched<R>,
    listed: &[Listed],
    names: Vec<Option<Name>>,
    limits: &Limits,
    problems: &mut Problems,
) -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    let mut ranges = Vec::new();
    for (entry, name) in listed.iter().zip(names) {
        let zip = entry.zip();
        let claim = zip.size();
        let readable =
            !zip.encrypted() && matches!(zip.compression(), CompressionMethod::Stored | CompressionMethod::Deflated);
        if !readable || claim > limits.file || claim > limits.allowance(zip.compressed_size()) {
            continue;
        }
        match measure(reader, &entry.zip) {
            Ok(start) => ranges.push((zip.header_start(), start.saturating_add(zip.compressed_size()), &entry.print)),
            Err(why) => {
                let message = format!("the content of `{}` is not what its header says: {why}", entry.print);
                problems.entry(Code::ContentMismatch, &entry.print, message, "make the archive afresh");
                continue;
            }
        }
        if let Some(name) = name.filter(|name| !name.folder) {
            let executable = zip.external_attributes() >> 16 & 0o111 != 0;
            let file = File { path: name.path.clone(), size: claim, executable };
            entries.insert(name.path, Entry { file, zip: entry.zip.as_ref().into() });
        }
    }
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        if let [(_, end, first), (start, _, second)] = pair
            && start < end
        {
            let message = format!("`{first}` and `{second}` share bytes of the archive");
            problems.entry(Code::Overlap, second, message, "make the archive afresh");
        }
    }
    entries
}

/// Reads an entry to its end and forgets it; where its data starts, or why it is not what it claims.
fn measure<R: Read + Seek>(reader: &mut R, entry: &OwnedZipFileEntry) -> Result<u64, String> {
    let claim = entry.as_ref().size();
    let mut file = entry.as_ref().with_reader(reader, ZipReadOptions::new()).map_err(|error| error.to_string())?;
    let start = file.data_start().unwrap_or_default();
    // The library ends an entry that is longer than its claim; the bound is here so that this does not rest on it alone.
    let read = io::copy(&mut (&mut file).take(claim.saturating_add(1)), &mut io::sink())
        .map_err(|error| lower(&error.to_string()))?;
    if read == claim { Ok(start) } else { Err(format!("{read} bytes instead of {claim}")) }
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
