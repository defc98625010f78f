//! Bundles, good and bad.

use std::io::{Cursor, Write};

use end_to_end::Project;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A config of one agent, that is in order.
pub(crate) const SMALL: &str = r#"project: { name: support-desk, region: us-east-1 }
environments: { dev: { account: "123456789012" } }
agents:
  - name: bot
    path: agents/bot
    runtime: python3.11
    handler: handler.handle
"#;

/// How much a zip is written at a time.
const PIECE: usize = 1 << 20;

/// A project of one agent, that is in order.
pub(crate) fn small() -> Project {
    let handler = b"def handle(event, context):\n    return {'statusCode': 200}\n".to_vec();
    let mut project = Project::default().config(SMALL);
    project.files.insert("agents/bot/handler.py".to_owned(), handler);
    project
}

/// The bundle of a small project whose config is changed in one place.
pub(crate) fn changed(from: &str, to: &str) -> Vec<u8> {
    small().with("strands.yaml", from, to).bundle()
}

/// The bundle of a small project whose config goes on.
pub(crate) fn extended(rest: &str) -> Vec<u8> {
    small().config(&format!("{SMALL}{rest}")).bundle()
}

/// The small bundle with a file whose name no archiver writes: `name`, in the place of one that is as long.
pub(crate) fn with_entry_named(name: &str) -> Vec<u8> {
    let stand_in = "x".repeat(name.len());
    let mut project = small();
    project.files.insert(stand_in.clone(), b"evil".to_vec());
    respelled(project.bundle(), stand_in.as_bytes(), name.as_bytes())
}

/// The small bundle with a symbolic link.
pub(crate) fn with_link() -> Vec<u8> {
    let mut zip = begun();
    zip.add_symlink("agents/bot/shadow", "/etc/shadow", SimpleFileOptions::default()).expect("a link is written");
    zip.finish().expect("the zip is finished").into_inner()
}

/// The small bundle with an entry of so many mebibytes of zeros.
pub(crate) fn with_zeros(mebibytes: usize) -> Vec<u8> {
    let mut zip = begun();
    zip.start_file("agents/bot/zeros", SimpleFileOptions::default()).expect("a file is begun");
    let piece = vec![0; PIECE];
    for _ in 0..mebibytes {
        zip.write_all(&piece).expect("zeros are written");
    }
    zip.finish().expect("the zip is finished").into_inner()
}

fn begun() -> ZipWriter<Cursor<Vec<u8>>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in &small().files {
        zip.start_file(path, SimpleFileOptions::default()).expect("a file is begun");
        zip.write_all(bytes).expect("a file is written");
    }
    zip
}

/// The same bytes with one text in the place of another, wherever it stands.
fn respelled(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from).map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2, "in the local header and in the directory");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// A few lines that would be a billion values if anybody wrote them out.
pub(crate) fn bomb_of_aliases() -> String {
    let mut text = format!("{SMALL}    environment:\n      A0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("      A{level}: &a{level} [{below}]\n"));
    }
    text
}
