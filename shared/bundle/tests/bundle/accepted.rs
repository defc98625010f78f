//! Archives that are in order, and what can be read of them.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use bundle::{Limits, ReadError};

use crate::raw::{accept, accept_within, deflated, file, zip, zip64};

fn project() -> Vec<u8> {
    let folder = |name: &str| file(name, "").with(|entry| entry.mode = 0o040_755);
    zip(&[
        folder("./"),
        file("strands.yaml", "project: {}"),
        folder("agents/"),
        deflated("agents/a/handler.py", "def handle(): pass\n".repeat(100)),
        file("agents/a/bin/tool", "#!/bin/sh\n").with(|entry| entry.mode = 0o100_755),
        file("agents/ab/handler.py", "other").with(|entry| entry.mode = 0),
        file("./agents/a/Grüße.txt", "hallo"),
    ])
}

#[test]
fn files_are_listed_by_path_with_size_and_mode() {
    let bytes = project();
    let bundle = accept(&bytes);
    let listed: Vec<_> = bundle.files().map(|file| (file.path.as_str(), file.size, file.executable)).collect();
    assert_eq!(
        listed,
        [
            ("agents/a/Grüße.txt", 5, false),
            ("agents/a/bin/tool", 10, true),
            ("agents/a/handler.py", 1900, false),
            ("agents/ab/handler.py", 5, false),
            ("strands.yaml", 11, false),
        ]
    );
}

#[test]
fn a_folder_holds_what_is_beneath_it_and_not_what_begins_like_it() {
    let bytes = project();
    let bundle = accept(&bytes);
    let paths = |folder: &str| bundle.folder(folder).map(|(path, _)| path.to_owned()).collect::<Vec<_>>();
    for spelling in ["agents/a", "agents/a/", "./agents/a"] {
        assert_eq!(paths(spelling), ["Grüße.txt", "bin/tool", "handler.py"]);
    }
    assert_eq!(paths("agents/b"), [""; 0]);
    assert_eq!(paths("agents/a/handler.py"), [""; 0]);
    assert_eq!(paths(".").len(), 5);
    assert_eq!(paths("").len(), 5);
}

#[test]
fn content_is_read_by_path() {
    let bytes = project();
    let mut bundle = accept(&bytes);
    assert_eq!(bundle.read("strands.yaml").unwrap(), b"project: {}");
    assert_eq!(bundle.read("./agents/a/handler.py").unwrap().len(), 1900);
    assert!(bundle.file("agents/a/bin/tool").is_some());
    assert!(bundle.file("agents/a").is_none());
    let missing = bundle.read("agents/c/handler.py").unwrap_err();
    assert!(matches!(missing, ReadError::NotFound(_)));
    assert_eq!(missing.to_string(), "the archive has no file `agents/c/handler.py`");
}

#[test]
fn a_small_archive_may_have_a_zip64_end() {
    let bytes = zip64(&[file("a", "1")], [0; 6]);
    assert_eq!(accept(&bytes).read("a").unwrap(), b"1");
}

#[test]
fn a_zip_within_a_zip_is_only_a_file() {
    let inner = zip(&[file("../evil", "x")]);
    let outer = zip(&[file("vendored.zip", &inner)]);
    assert_eq!(accept(&outer).read("vendored.zip").unwrap(), inner);
}

#[test]
fn a_small_file_of_one_repeated_byte_is_no_bomb() {
    let bytes = zip(&[deflated("zeros", vec![0; 1 << 20])]);
    assert_eq!(accept(&bytes).files().next().unwrap().size, 1 << 20);
}

/// As `zip -`, Java, Go and many build tools write: sizes behind the data instead of before it.
#[test]
fn an_archive_that_was_written_as_a_stream_is_accepted() {
    let mut writer = ::zip::ZipWriter::new_stream(Vec::new());
    writer.start_file("a/b.txt", ::zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(b"content").unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(accept(&bytes).read("a/b.txt").unwrap(), b"content");
}

#[test]
fn a_hundred_thousand_entries_are_a_zip64_archive_and_take_seconds() {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
    for number in 0..100_000 {
        writer.start_file(format!("folder-{}/file-{number}", number % 100), options).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let start = Instant::now();
    let bundle = accept_within(&bytes, &Limits { count: 100_000, ..Limits::default() });
    assert_eq!(bundle.files().count(), 100_000);
    assert!(start.elapsed() < Duration::from_secs(30), "took {:?}", start.elapsed());

    // With the default limits, the end of the archive is enough to refuse it.
    let start = Instant::now();
    crate::raw::refuse(&bytes);
    assert!(start.elapsed() < Duration::from_secs(1), "took {:?}", start.elapsed());
}
