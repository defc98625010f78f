//! What is packed depends on what is in it, and on nothing else.

use std::io::{self, Read};

use bundle::{LAMBDA_UNPACKED, PackError, Source, pack};

use crate::raw::{accept, codes, deflated, file, zip};

fn source<'a>(path: &str, content: &'a str) -> Source<&'a [u8]> {
    Source { path: path.to_owned(), executable: false, content: content.as_bytes() }
}

/// If this fails, every digest has changed, and with it every function of every user is updated once: say so in the
/// changelog.
#[test]
fn a_known_zip_has_a_known_digest() {
    let text = "the quick brown fox jumps over the lazy dog\n".repeat(5000);
    let files = [source("handler.py", &text), Source { executable: true, ..source("bin/tool", "#!/bin/sh\n") }];
    let packed = pack(files, io::sink()).unwrap();
    assert_eq!((packed.files, packed.unpacked), (2, 220_010));
    assert_eq!(packed.artifact.digest.as_str(), "f906b69ff20e6206ddf1916dd46e779133e8b36722002b8836bea63d72b16247");
}

#[test]
fn the_digest_is_that_of_the_bytes_which_were_written() {
    let mut bytes = Vec::new();
    let packed = pack([source("a", "1"), source("b", "2")], &mut bytes).unwrap();
    assert_eq!(packed.artifact, model::Artifact { digest: model::Digest::of(&bytes), size: bytes.len() as u64 });
}

#[test]
fn the_portions_in_which_a_reader_gives_its_content_do_not_show() {
    struct Dribble<'a>(&'a [u8], usize);
    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }
    let content: Vec<u8> =
        (0_u32..200_000).flat_map(|number| (number.wrapping_mul(number) >> 7).to_le_bytes()).collect();
    let digest = |portion| {
        let content = Dribble(&content, portion);
        pack([Source { path: "f".to_owned(), executable: false, content }], io::sink()).unwrap().artifact.digest
    };
    assert_eq!(digest(usize::MAX), digest(1));
    assert_eq!(digest(usize::MAX), digest(65_521));
}

#[test]
fn every_file_has_one_of_two_modes_and_the_first_day_of_the_format() {
    let mut bytes = Vec::new();
    pack([source("plain", "1"), Source { executable: true, ..source("tool", "2") }], &mut bytes).unwrap();
    let mut archive = ::zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
    for (index, mode) in [0o100_644, 0o100_755].into_iter().enumerate() {
        let file = archive.by_index(index).unwrap();
        assert_eq!(file.unix_mode(), Some(mode));
        assert_eq!(file.last_modified().unwrap().to_string(), "1980-01-01 00:00:00");
    }
}

#[test]
fn what_is_left_out_is_said() {
    let files = ["handler.py", ".git/HEAD", "lib/__pycache__/x.pyc", "lib/x.pyc", ".gitignore", "lib/.DS_Store"];
    let packed = pack(files.map(|path| source(path, "x")), io::sink()).unwrap();
    assert_eq!(packed.files, 3);
    assert_eq!(packed.left_out, [".git/HEAD", "lib/.DS_Store", "lib/__pycache__/x.pyc"]);
}

#[test]
fn paths_that_no_archive_may_hold_are_not_packed() {
    let refused = |paths: &[&str]| match pack(paths.iter().map(|path| source(path, "")), io::sink()) {
        Err(PackError::Paths(problems)) => codes(&problems).into_iter().map(bundle::Code::as_str).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(&["../a", "b", "b", "B", "b/c"]),
        ["bundle::path-escape", "bundle::duplicate-path", "bundle::case-clash", "bundle::path-clash"]
    );
}

#[test]
fn nothing_to_pack_is_an_error() {
    assert!(matches!(pack([source(".git/HEAD", "")], io::sink()), Err(PackError::Empty)));
    let bytes = zip(&[file("a", "1")]);
    assert!(matches!(accept(&bytes).pack_folder("agents/none", io::sink()), Err(PackError::Empty)));
}

#[test]
fn more_than_lambda_takes_is_an_error_that_says_the_limit() {
    let endless = [Source { path: "zeros".to_owned(), executable: false, content: io::repeat(0) }];
    let error = pack(endless, io::sink()).unwrap_err();
    assert!(matches!(error, PackError::TooLarge { unpacked } if unpacked > LAMBDA_UNPACKED));
    assert_eq!(error.to_string(), "the files are 250 MiB unpacked, and Lambda takes at most 250 MiB");
}

#[test]
fn a_folder_of_a_bundle_packs_to_the_same_bytes_however_the_bundle_was_made() {
    let text = "def handle(): pass\n".repeat(10_000);
    let one = zip(&[file("agents/a/h.py", &text), file("agents/a/z", "z"), file("agents/a/__pycache__/h.pyc", "p")]);
    let other = zip(&[file("x", "unrelated"), file("agents/a/z", "z"), deflated("agents/a/h.py", &text)]);
    let plain = pack([source("z", "z"), source("h.py", &text)], io::sink()).unwrap();
    let mut written = Vec::new();
    let first = accept(&one).pack_folder("agents/a", &mut written).unwrap();
    let second = accept(&other).pack_folder("./agents/a/", io::sink()).unwrap();
    assert_eq!(first.artifact, plain.artifact);
    assert_eq!(second, plain);
    assert_eq!(first.left_out, ["__pycache__/h.pyc"]);
    assert_eq!(accept(&written).read("h.py").unwrap(), text.as_bytes());
}

#[test]
fn a_source_that_fails_is_named() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let error = pack([Source { path: "f".to_owned(), executable: false, content: Broken }], io::sink()).unwrap_err();
    assert_eq!(error.to_string(), "packing `f` failed");
}
