//! What an entry may be called.
//!
//! Owns the rules for one path and for paths beside each other. Must never repair a name that could mean two things: two
//! programs that unpack it would disagree.

use std::collections::BTreeMap;

use crate::Limits;
use crate::problem::{Code, Problems, is_deceptive, shown};

/// A path that every program reads the same way: relative, `/` between components, none of them empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) path: String,
    pub(crate) folder: bool,
}

/// Reads a name as it stands in an archive; none if it is refused, or if it is the top folder itself (`./`).
pub(crate) fn parse(raw: &[u8], limits: &Limits, problems: &mut Problems) -> Option<Name> {
    let before = problems.count();
    let print = shown(raw);
    let Ok(text) = std::str::from_utf8(raw) else {
        problems.entry(
            Code::NameNotUtf8,
            &print,
            format!("the name `{print}` is not UTF-8"),
            "rename the file, or make the archive with a program that writes UTF-8 names",
        );
        return None;
    };
    let mut refuse =
        |code, what: &str, help: &str| problems.entry(code, &print, format!("the path `{print}` {what}"), help);

    if text.chars().any(is_deceptive) {
        refuse(Code::ControlCharacter, "holds a control character", "rename the file");
    }
    if text.contains('\\') {
        refuse(
            Code::Backslash,
            "holds a backslash",
            "make the archive with `/` between folders, as the zip format asks",
        );
    }
    if text.starts_with('/') {
        refuse(Code::AbsolutePath, "is absolute", "make the archive from inside the project: `zip -r bundle.zip .`");
    }
    if matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        refuse(
            Code::DriveLetter,
            "begins with a drive letter",
            "make the archive from inside the project, with relative paths",
        );
    }
    // `./` in front is what some programs write for the folder they were started in; it means nothing.
    let relative = text.strip_prefix("./").unwrap_or(text);
    let path = relative.strip_suffix('/').unwrap_or(relative);
    if path.split(['/', '\\']).any(|part| part == "..") {
        refuse(Code::PathEscape, "leads out of the archive", "make the archive from inside the project, without `..`");
    }
    let top = relative.is_empty() && !text.is_empty();
    if !top && path.trim_start_matches('/').split('/').any(|part| part.is_empty() || part == ".") {
        refuse(Code::UnclearPath, "has an empty component", "write each path in its shortest form");
    }
    if path.len() > limits.path {
        let what = format!("is {} bytes long, and at most {} are allowed", path.len(), limits.path);
        refuse(Code::PathTooLong, &what, "shorten the names of folders and files");
    }
    let depth = path.split('/').count();
    if depth > limits.depth {
        let what = format!("is {depth} levels deep, and at most {} are allowed", limits.depth);
        refuse(Code::TooDeep, &what, "move the files up");
    }
    let accepted = problems.count() == before && !top;
    accepted.then(|| Name { path: path.to_owned(), folder: relative.ends_with('/') })
}

/// The paths that are taken, to find those that cannot exist beside each other.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// By the path in lower case: programs on some systems would write one over the other.
    taken: BTreeMap<String, Name>,
}

impl Names {
    /// Takes a name; `false`, and a problem, if it was taken. Clashes of files with folders show in [`Names::clashes`].
    pub(crate) fn take(&mut self, name: &Name, problems: &mut Problems) -> bool {
        let (path, print) = (&name.path, shown(name.path.as_bytes()));
        match self.taken.get(&path.to_lowercase()) {
            None => {
                self.taken.insert(path.to_lowercase(), name.clone());
                true
            }
            Some(other) if other.path == *path && other.folder != name.folder => {
                clash(&print, problems);
                false
            }
            Some(other) if other.path == *path => {
                let message = format!("the path `{print}` is in the archive twice");
                problems.entry(Code::DuplicatePath, &print, message, "make the archive afresh instead of adding to it");
                false
            }
            Some(other) => {
                let other = shown(other.path.as_bytes());
                let message = format!("the paths `{other}` and `{print}` differ only in upper and lower case");
                problems.entry(Code::CaseClash, &print, message, "rename one of them");
                false
            }
        }
    }

    /// Finds each file that is also the folder above another entry.
    pub(crate) fn clashes(&self, problems: &mut Problems) {
        let mut found: Vec<&Name> = Vec::new();
        for path in self.taken.keys() {
            for (end, _) in path.match_indices('/') {
                if let Some(file) =
                    path.get(..end).and_then(|above| self.taken.get(above)).filter(|above| !above.folder)
                    && found.last() != Some(&file)
                {
                    found.push(file);
                }
            }
        }
        for file in found {
            clash(&shown(file.path.as_bytes()), problems);
        }
    }
}

fn clash(print: &str, problems: &mut Problems) {
    let message = format!("the path `{print}` is both a file and a folder");
    problems.entry(Code::PathClash, print, message, "rename one of them");
}
