//! Every archive that is refused, and what its author is told.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use bundle::{Code, Limits, OpenError};

use crate::raw::{Raw, accept, codes, deflated, file, refuse, refuse_within, zip};

/// One bad entry beside a good one: exactly this code, and a message that names the entry.
#[track_caller]
fn bad(entry: Raw, code: Code, message: &str) {
    let problems = refuse(&zip(&[file("strands.yaml", "project: {}"), entry]));
    assert_eq!(codes(&problems), [code], "{problems:#?}");
    assert_eq!(problems[0].message, message);
    assert!(!problems[0].help.is_empty());
}

#[test]
fn a_path_that_leads_anywhere_else_is_refused() {
    bad(file("../up", ""), Code::PathEscape, "the path `../up` leads out of the archive");
    bad(file("a/../../up", ""), Code::PathEscape, "the path `a/../../up` leads out of the archive");
    bad(file("a/..", ""), Code::PathEscape, "the path `a/..` leads out of the archive");
    bad(file("/etc/passwd", ""), Code::AbsolutePath, "the path `/etc/passwd` is absolute");
    bad(file("C:evil", ""), Code::DriveLetter, "the path `C:evil` begins with a drive letter");
    bad(file("a\\b", ""), Code::Backslash, r"the path `a\b` holds a backslash");
    bad(file("a//b", ""), Code::UnclearPath, "the path `a//b` has an empty component");
    bad(file("a/./b", ""), Code::UnclearPath, "the path `a/./b` has an empty component");
    bad(file("", ""), Code::UnclearPath, "the path `` has an empty component");
}

#[test]
fn a_path_with_several_faults_is_told_of_each() {
    let problems = refuse(&zip(&[file(r"/..\x", "")]));
    assert_eq!(codes(&problems), [Code::Backslash, Code::AbsolutePath, Code::PathEscape]);
}

#[test]
fn a_name_that_cannot_be_printed_is_refused_and_never_printed_raw() {
    bad(file("a\0b", ""), Code::ControlCharacter, r"the path `a\u{0}b` holds a control character");
    bad(file("a\x1b[2Jb", ""), Code::ControlCharacter, r"the path `a\u{1b}[2Jb` holds a control character");
    bad(file("a\u{202e}yp.b", ""), Code::ControlCharacter, r"the path `a\u{202e}yp.b` holds a control character");
    bad(file(b"a\xff\xfeb", ""), Code::NameNotUtf8, "the name `a\u{fffd}\u{fffd}b` is not UTF-8");
}

#[test]
fn a_path_that_is_too_long_or_too_deep_is_refused() {
    let long = "x".repeat(513);
    let shown = format!("{}…", "x".repeat(200));
    bad(
        file(&long, ""),
        Code::PathTooLong,
        &format!("the path `{shown}` is 513 bytes long, and at most 512 are allowed"),
    );
    let deep = vec!["d"; 33].join("/");
    bad(file(&deep, ""), Code::TooDeep, &format!("the path `{deep}` is 33 levels deep, and at most 32 are allowed"));
}

#[test]
fn links_and_special_files_are_refused() {
    let with_mode = |mode| move |entry: &mut Raw| entry.mode = mode;
    bad(file("l", "/etc").with(with_mode(0o120_777)), Code::Link, "`l` is a symbolic link");
    for mode in [0o010_644, 0o020_644, 0o060_644, 0o140_644] {
        bad(file("s", "").with(with_mode(mode)), Code::SpecialFile, "`s` is a device, socket or pipe");
    }
    let message = "`d` is a folder by its name or its mode, but not by both";
    bad(file("d", "").with(with_mode(0o040_755)), Code::FileOrFolder, message);
    let message = "`d/` is a folder by its name or its mode, but not by both";
    bad(file("d/", "").with(with_mode(0o100_644)), Code::FileOrFolder, message);
    bad(file("d/", "content").with(with_mode(0)), Code::FileOrFolder, "`d/` is a folder, but has content");
}

#[test]
fn encrypted_entries_and_foreign_methods_are_refused() {
    for flags in [1, 1 << 6, 1 << 13] {
        bad(file("e", "x").with(|entry| entry.flags = flags), Code::Encrypted, "`e` is encrypted");
    }
    let method = |method| file("m", "x").with(|entry: &mut Raw| entry.method = method);
    for (number, name) in [(9, "deflate64"), (12, "bzip2"), (93, "zstd"), (99, "aes"), (1234, "1234")] {
        let problems = refuse(&zip(&[method(number)]));
        assert_eq!(codes(&problems), [Code::UnsupportedMethod]);
        assert!(problems[0].message.contains("not supported"), "{name}: {}", problems[0].message);
    }
}

#[test]
fn paths_that_cannot_stand_beside_each_other_are_refused() {
    let pair = |first: &str, second: &str| refuse(&zip(&[file(first, "1"), file(second, "2")]));
    let folder = |name: &str| file(name, "").with(|entry| entry.mode = 0o040_755);
    assert_eq!(codes(&pair("a", "a")), [Code::DuplicatePath]);
    assert_eq!(codes(&pair("./a", "a")), [Code::DuplicatePath]);
    assert_eq!(
        pair("Agents/a", "agents/A")[0].message,
        "the paths `Agents/a` and `agents/A` differ only in upper and lower case"
    );
    assert_eq!(codes(&pair("ÄRGER", "ärger")), [Code::CaseClash]);
    assert_eq!(codes(&pair("a", "a/b")), [Code::PathClash]);
    assert_eq!(codes(&pair("a/b/c", "a")), [Code::PathClash]);
    assert_eq!(codes(&refuse(&zip(&[file("a", ""), folder("a/")]))), [Code::PathClash]);
    assert_eq!(codes(&refuse(&zip(&[folder("a/"), file("a", "")]))), [Code::PathClash]);
}

#[test]
fn a_file_above_many_entries_is_one_problem() {
    let mut entries = vec![file("a", "")];
    entries.extend((0..50).map(|number| file(format!("a/{number}"), "")));
    assert_eq!(codes(&refuse(&zip(&entries))), [Code::PathClash]);
}

#[test]
fn what_is_no_archive_is_refused() {
    let refused = |bytes: &[u8]| refuse(bytes).remove(0);
    assert_eq!(refused(b"").code, Code::EmptyObject);
    assert_eq!(refused(b"project: {}").message, "the object is not a zip archive");
    assert_eq!(refused(&[0; 4096]).code, Code::NotAZip);
    assert_eq!(refused(b"PK\x03\x04 and no more").code, Code::Truncated);
    assert_eq!(refused(&zip(&[])).code, Code::EmptyArchive);
    assert_eq!(refused(&zip(&[file("only/", "").with(|entry| entry.mode = 0o040_755)])).code, Code::EmptyArchive);
}

#[test]
fn an_archive_behind_other_bytes_is_refused() {
    let mut bytes = b"#!/bin/sh\n".to_vec();
    bytes.extend(zip(&[file("a", "1")]));
    refuse(&bytes);
}

#[test]
fn a_gigabyte_of_zeros_is_refused_at_once_as_an_object_and_as_an_entry() {
    /// Zeros that are never anywhere.
    struct Zeros(u64);
    impl Read for Zeros {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("nothing of it need be read")
        }
    }
    impl Seek for Zeros {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            Ok(if matches!(to, SeekFrom::End(0)) { self.0 } else { 0 })
        }
    }
    let Err(OpenError::Refused(problems)) = bundle::open(Zeros(1 << 30), &Limits::default()) else { panic!() };
    assert_eq!(problems[0].message, "the archive is 1 GiB, and at most 256 MiB are allowed");

    let start = Instant::now();
    let honest = deflated("zeros", vec![0; 64 << 20]).with(|entry| entry.unpacked = 1 << 30);
    bad(honest.clone(), Code::FileTooLarge, "`zeros` unpacks to 1 GiB, and at most 250 MiB are allowed");
    bad(
        honest.with(|entry| entry.unpacked = 64 << 20),
        Code::Bomb,
        "`zeros` unpacks to more than 200 times its packed size",
    );
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_bomb_that_claims_to_be_small_is_cut_off_at_its_claim() {
    let liar = deflated("zeros", vec![0; 64 << 20]).with(|entry| entry.unpacked = 100);
    let problems = refuse(&zip(&[liar]));
    assert_eq!(codes(&problems), [Code::ContentMismatch]);
    assert_eq!(
        problems[0].message,
        "the content of `zeros` is not what its header says: file is larger than its declared uncompressed size"
    );
}

#[test]
fn headers_that_lie_about_the_content_are_refused() {
    type Lie = fn(&mut Raw);
    let content = "some content that is long enough";
    let cases: [(&str, Lie); 5] = [
        ("longer", |entry| entry.unpacked += 1),
        ("shorter", |entry| entry.unpacked -= 1),
        ("checksum", |entry| entry.crc ^= 1),
        ("cut data", |entry| entry.packed -= 1),
        ("spoilt data", |entry| entry.data[0] = 0xff),
    ];
    for (what, lie) in cases {
        for entry in [file("f", content), deflated("f", content)] {
            let problems = refuse(&zip(&[file("a", "1"), entry.with(lie)]));
            assert_eq!(codes(&problems), [Code::ContentMismatch], "{what}: {problems:#?}");
        }
    }
}

#[test]
fn data_that_runs_into_the_next_entry_is_an_overlap() {
    let first = file("a", "12345");
    let inner = zip(&[file("b", "x")]);
    // Two directory entries for one local header.
    let twin = file("a", "12345").with(|entry| entry.offset = Some(0));
    let problems = refuse(&zip(&[first, twin.with(|entry| entry.name = b"a".to_vec())]));
    assert!(codes(&problems).contains(&Code::Overlap), "{problems:#?}");
    // An entry whose data holds another entry's header and data.
    let outer = file("outer", &inner);
    let hidden = file("b", "x").with(|entry| entry.offset = Some(30 + 5));
    let problems = refuse(&zip(&[outer, hidden]));
    assert_eq!(codes(&problems), [Code::Overlap]);
    assert_eq!(problems[0].message, "`outer` and `b` share bytes of the archive");
}

#[test]
fn a_local_header_that_says_something_else_is_refused() {
    let message = "the header of `f` disagrees with the directory of the archive";
    bad(file("f", "x").with(|entry| entry.local_name = b"g".to_vec()), Code::HeaderMismatch, message);
    let nowhere = file("f", "x").with(|entry| entry.offset = Some(u32::MAX - 1));
    assert!(codes(&refuse(&zip(&[nowhere]))).contains(&Code::HeaderMismatch));
}

#[test]
fn more_than_the_limits_allow_is_refused_by_each_limit() {
    let three = zip(&[file("a", "12345"), file("b", "12345"), file("c", "12345")]);
    let limits = Limits::default();
    let code = |limits: Limits| codes(&refuse_within(&three, &limits));
    assert_eq!(code(Limits { compressed: 100, ..limits }), [Code::ArchiveTooLarge]);
    assert_eq!(code(Limits { directory: 100, ..limits }), [Code::DirectoryTooLarge]);
    assert_eq!(code(Limits { count: 2, ..limits }), [Code::TooManyEntries]);
    assert_eq!(code(Limits { file: 4, ..limits }), [Code::FileTooLarge; 3]);
    assert_eq!(code(Limits { unpacked: 14, ..limits }), [Code::UnpacksTooLarge]);
}

#[test]
fn a_directory_that_claims_more_entries_than_it_has_is_refused() {
    let mut bytes = zip(&[file("a", "1"), file("b", "2")]);
    let end = bytes.len() - 22;
    bytes[end + 8..end + 12].copy_from_slice(&[3, 0, 3, 0]);
    refuse(&bytes);
    bytes[end + 8..end + 12].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    refuse(&bytes);
}

#[test]
fn all_that_is_wrong_is_said_at_once_up_to_a_hundred() {
    let problems = refuse(&zip(&[
        file("../a", ""),
        file("link", "x").with(|entry| entry.mode = 0o120_777),
        file("liar", "x").with(|entry| entry.crc = 0),
        file("secret", "x").with(|entry| entry.flags = 1),
    ]));
    assert_eq!(codes(&problems), [Code::PathEscape, Code::Link, Code::Encrypted, Code::ContentMismatch]);

    let many: Vec<_> = (0..500).map(|number| file(format!("../{number}"), "")).collect();
    let problems = refuse(&zip(&many));
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "400 more problems are not listed");
}

#[test]
fn an_archive_cut_off_anywhere_is_refused() {
    let whole =
        zip(&[deflated("agents/a/handler.py", "print('hello')\n".repeat(20)), file("strands.yaml", "agents: []")]);
    accept(&whole);
    for end in 0..whole.len() {
        refuse(&whole[..end]);
    }
}

#[test]
fn an_archive_of_nothing_but_ends_is_refused_in_time() {
    let start = Instant::now();
    refuse(&b"PK\x05\x06".repeat(1 << 20));
    // Each end claims the rest of the object as its comment, and a directory that is not there.
    let ends = 65_535 / 22;
    let nested: Vec<u8> = (0..ends)
        .flat_map(|number: u16| {
            let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0".to_vec();
            end.extend(((ends - number - 1) * 22).to_le_bytes());
            end
        })
        .collect();
    refuse(&nested);
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
}

#[test]
fn a_reader_that_fails_is_not_the_fault_of_the_archive() {
    struct Failing<R>(R, usize);
    impl<R: Read> Read for Failing<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1.checked_sub(1).ok_or_else(|| io::Error::other("connection lost"))?;
            self.0.read(buffer)
        }
    }
    impl<R: Seek> Seek for Failing<R> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let whole = zip(&[deflated("a", "1"), file("b", "2")]);
    let mut failures = 0;
    loop {
        match bundle::open(Failing(Cursor::new(&whole), failures), &Limits::default()) {
            Ok(_) => break,
            Err(OpenError::Io(error)) => assert_eq!(error.to_string(), "connection lost"),
            Err(OpenError::Refused(problems)) => panic!("after {failures} reads: {problems:#?}"),
        }
        failures += 1;
    }
    assert!(failures > 5);
}

#[test]
fn the_history_keeps_a_problem_by_its_stable_code() {
    let refusal = refuse(&zip(&[file("../a", "")])).remove(0).refusal();
    assert_eq!(refusal.code, "bundle::path-escape");
    assert_eq!(refusal.message, "the path `../a` leads out of the archive");
    assert!(refusal.help.is_some());
}

#[test]
fn no_two_codes_have_the_same_name() {
    let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
}
