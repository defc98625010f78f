//! What is wrong with an archive, said to the person who made it.
//!
//! Owns the codes, which are stable: history, documentation and tests name them. Must never print a name from an archive
//! raw: it may hold terminal escapes.

use std::fmt;

use model::Refusal;

/// One reason why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which rule it breaks.
    pub code: Code,
    /// The entry that breaks it, as printable text; none if it is the archive as a whole.
    pub path: Option<String>,
    /// What is wrong, in lower case, with the archive's own text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    /// As the history keeps it.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal {
            code: self.code.as_str().to_owned(),
            message: self.message.clone(),
            help: Some(self.help.clone()),
            file: None,
            line: None,
            column: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The rules an archive can break, each with a stable name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The stable name, as in reports and documentation: `bundle::path-escape`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => concat!("bundle::", $text),)* }
            }
        }
    };
}

codes! {
    /// The object has no bytes.
    EmptyObject = "empty-object",
    /// The bytes are not a zip archive.
    NotAZip = "not-a-zip",
    /// The archive begins like a zip and has no end.
    Truncated = "truncated",
    /// The archive itself is larger than the limit.
    ArchiveTooLarge = "archive-too-large",
    /// More entries than the limit.
    TooManyEntries = "too-many-entries",
    /// The central directory is larger than the limit.
    DirectoryTooLarge = "directory-too-large",
    /// The central directory cannot be read to its end.
    BrokenDirectory = "broken-directory",
    /// The archive holds no file.
    EmptyArchive = "empty-archive",
    /// A name that is not UTF-8.
    NameNotUtf8 = "name-not-utf8",
    /// A name with NUL, control or text-direction characters.
    ControlCharacter = "control-character",
    /// A path that begins with `/`.
    AbsolutePath = "absolute-path",
    /// A path that begins with a drive letter.
    DriveLetter = "drive-letter",
    /// A path with backslashes.
    Backslash = "backslash",
    /// A path with `..`.
    PathEscape = "path-escape",
    /// A path with empty or `.` components.
    UnclearPath = "unclear-path",
    /// A path longer than the limit.
    PathTooLong = "path-too-long",
    /// A path deeper than the limit.
    TooDeep = "too-deep",
    /// A symbolic link.
    Link = "link",
    /// A device, socket or pipe.
    SpecialFile = "special-file",
    /// An entry that is a file by its name and a folder by its mode, or a folder with content.
    FileOrFolder = "file-or-folder",
    /// An encrypted entry.
    Encrypted = "encrypted",
    /// A compression method other than stored and deflate.
    UnsupportedMethod = "unsupported-method",
    /// The same path twice.
    DuplicatePath = "duplicate-path",
    /// Two paths that differ only in upper and lower case.
    CaseClash = "case-clash",
    /// A path that is a file and also a folder above another entry.
    PathClash = "path-clash",
    /// An entry that unpacks to more than the limit.
    FileTooLarge = "file-too-large",
    /// All entries together unpack to more than the limit.
    UnpacksTooLarge = "unpacks-too-large",
    /// An entry that unpacks to too many times its packed size.
    Bomb = "bomb",
    /// A local header that disagrees with the central directory.
    HeaderMismatch = "header-mismatch",
    /// Two entries that share bytes of the archive.
    Overlap = "overlap",
    /// Content that is not what the header says: size, checksum, or compressed data.
    ContentMismatch = "content-mismatch",
    /// Stands for problems beyond those that are listed.
    More = "more-problems",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Problems as they are found, bounded: a million bad entries make no report of a million lines.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    listed: Vec<Problem>,
    unlisted: usize,
}

impl Problems {
    const MOST: usize = 100;

    pub(crate) fn archive(&mut self, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.push(Problem { code, path: None, message: message.into(), help: help.into() });
    }

    /// `path` is text that [`shown`] made.
    pub(crate) fn entry(&mut self, code: Code, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.push(Problem { code, path: Some(path.to_owned()), message: message.into(), help: help.into() });
    }

    fn push(&mut self, problem: Problem) {
        if self.listed.len() < Self::MOST { self.listed.push(problem) } else { self.unlisted += 1 }
    }

    /// How many were found; to see whether a check found one.
    pub(crate) fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    pub(crate) fn into_vec(mut self) -> Vec<Problem> {
        if self.unlisted > 0 {
            self.listed.push(Problem {
                code: Code::More,
                path: None,
                message: format!("{} more problems are not listed", self.unlisted),
                help: "put right those that are listed and upload again".to_owned(),
            });
        }
        self.listed
    }
}

/// A name from an archive, safe to print: invalid UTF-8 replaced, control characters escaped, at most 200 characters.
pub(crate) fn shown(raw: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(raw);
    let mut shown = String::new();
    for (position, character) in text.chars().enumerate() {
        if position == MOST {
            shown.push('…');
            break;
        }
        if character == '`' || is_deceptive(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and those that make text read in another direction than it is written in.
pub(crate) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
