//! What holds for every input.

use std::collections::BTreeMap;
use std::io::{self, Cursor};

use bundle::{Limits, OpenError, Source, pack};
use proptest::prelude::*;

use crate::raw::{Raw, accept, deflated, file, zip, zip64};

fn small() -> Limits {
    Limits { unpacked: 1 << 20, file: 1 << 20, count: 100, ..Limits::default() }
}

/// Opens, and reads all if it opens: neither may panic, nor give more than was said.
fn exercise(bytes: &[u8]) {
    match bundle::open(Cursor::new(bytes), &small()) {
        Ok(mut bundle) => {
            let files: Vec<_> = bundle.files().cloned().collect();
            assert!(!files.is_empty());
            for file in files {
                assert!(
                    !file.path.starts_with('/') && file.path.split('/').all(|part| !matches!(part, "" | "." | ".."))
                );
                assert_eq!(bundle.read(&file.path).unwrap().len() as u64, file.size);
            }
        }
        Err(OpenError::Refused(problems)) => assert!(!problems.is_empty()),
        Err(OpenError::Io(error)) => panic!("memory does not fail: {error}"),
    }
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-z][a-z0-9_.é-]{0,6}", 1..4).prop_map(|parts| parts.join("/"))
}

fn contents() -> impl Strategy<Value = BTreeMap<String, (bool, Vec<u8>)>> {
    let file = (any::<bool>(), prop::collection::vec(any::<u8>(), 0..400));
    prop::collection::btree_map(path(), file, 1..12).prop_map(|mut files| {
        let paths: Vec<_> = files.keys().cloned().collect();
        files.retain(|path, _| !paths.iter().any(|other| other.starts_with(&format!("{path}/"))));
        files
    })
}

fn sources(files: &BTreeMap<String, (bool, Vec<u8>)>) -> Vec<Source<&[u8]>> {
    files
        .iter()
        .map(|(path, (executable, content))| Source {
            path: path.clone(),
            executable: *executable,
            content: content.as_slice(),
        })
        .collect()
}

/// Entries with headers and names as they come.
fn entry() -> impl Strategy<Value = Raw> {
    let name = prop_oneof![path().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..12)];
    let lies = (any::<u16>(), 0_u16..16, any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>(), 0_u8..64);
    (name, prop::collection::vec(any::<u8>(), 0..60), any::<bool>(), lies).prop_map(|(name, content, pack, lies)| {
        let (flags, method, crc, packed, unpacked, offset, which) = lies;
        let entry = if pack { deflated(name, content) } else { file(name, content) };
        entry.with(|entry| {
            let mut lie = |bit: u8, tell: &mut dyn FnMut(&mut Raw)| {
                if which & bit != 0 {
                    tell(entry)
                }
            };
            lie(1, &mut |entry| entry.flags = flags);
            lie(2, &mut |entry| entry.method = method);
            lie(4, &mut |entry| entry.crc = crc);
            lie(8, &mut |entry| entry.packed = packed % 200);
            lie(16, &mut |entry| entry.unpacked = unpacked % 2000);
            lie(32, &mut |entry| entry.offset = Some(offset % 300));
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        exercise(&bytes);
        let mut zip_like = b"PK\x03\x04".to_vec();
        zip_like.extend(&bytes);
        zip_like.extend(b"PK\x05\x06");
        zip_like.extend(&bytes);
        exercise(&zip_like);
    }

    #[test]
    fn lying_headers_never_panic(entries in prop::collection::vec(entry(), 0..5)) {
        exercise(&zip(&entries));
    }

    #[test]
    fn a_lying_zip64_end_never_panics(off in any::<[(u8, i64); 6]>()) {
        let off = off.map(|(how, far)| match how % 6 {
            0 => far.cast_unsigned(),
            1 => u64::MAX - 44,
            2 => far.rem_euclid(100).cast_unsigned().wrapping_neg(),
            _ => 0,
        });
        exercise(&zip64(&[file("a", "1"), deflated("b", "2")], off));
    }

    #[test]
    fn a_spoilt_archive_never_panics(files in contents(), spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = Vec::new();
        pack(sources(&files), &mut bytes).unwrap();
        for (place, value) in spoils {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        exercise(&bytes);
    }
}

proptest! {
    #[test]
    fn what_is_packed_opens_to_the_same(files in contents()) {
        let mut bytes = Vec::new();
        let packed = pack(sources(&files), &mut bytes).unwrap();
        prop_assert_eq!(packed.files, files.len());
        let mut bundle = accept(&bytes);
        for (path, (executable, content)) in &files {
            prop_assert_eq!(bundle.file(path).unwrap().executable, *executable);
            prop_assert_eq!(&bundle.read(path).unwrap(), content);
        }
        prop_assert_eq!(bundle.files().count(), files.len());
    }

    #[test]
    fn the_order_of_the_sources_does_not_show(files in contents(), turn in any::<prop::sample::Index>()) {
        let digest = pack(sources(&files), io::sink()).unwrap().artifact.digest;
        let mut turned = sources(&files);
        let place = turn.index(turned.len());
        turned.rotate_left(place);
        prop_assert_eq!(&pack(turned, io::sink()).unwrap().artifact.digest, &digest);
        let mut reversed = sources(&files);
        reversed.reverse();
        prop_assert_eq!(&pack(reversed, io::sink()).unwrap().artifact.digest, &digest);
    }

    #[test]
    fn packing_what_was_packed_changes_nothing(files in contents()) {
        let mut bytes = Vec::new();
        let first = pack(sources(&files), &mut bytes).unwrap();
        prop_assert_eq!(accept(&bytes).pack_folder(".", io::sink()).unwrap(), first);
    }
}
