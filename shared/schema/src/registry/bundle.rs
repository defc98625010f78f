//! The bundle of resource types, and how one of them is found in it without reading the others.
//!
//! It is made by `cargo xtask schemas`, and starts with an index as text, one entry a line, that ends with an empty line:
//!
//! ```text
//! strandline resource types 1
//! source <where the schemas come from, of which day, under which licence>
//! regions <name> <name> ...
//! set <which of the regions, as bits in hexadecimal, the first region lowest>
//! block <offset after the index> <compressed length> <length>
//! type <name> <block> <offset in it> <length> <set>
//! ```
//!
//! Types stand in the order of their names. After the index come the blocks, each compressed by itself (deflate). What a
//! block holds of a type is its schema as JSON, as AWS published it but for what is prose.

use std::sync::{Arc, OnceLock};

use flate2::{Decompress, FlushDecompress, Status};

use super::{decode, resource::Resource};

static BUNDLE: &[u8] = include_bytes!("../../bundle/resource-types.bin");

/// What the index says.
pub(super) struct Index {
    source: &'static str,
    regions: Vec<&'static str>,
    sets: Vec<u64>,
    blocks: Vec<Block>,
    types: Vec<Entry>,
    data: &'static [u8],
}

struct Block {
    offset: usize,
    compressed: usize,
    length: usize,
}

struct Entry {
    name: &'static str,
    block: usize,
    offset: usize,
    length: usize,
    set: usize,
    decoded: OnceLock<Option<Arc<Resource>>>,
}

/// The index; read once.
pub(super) fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::read(BUNDLE))
}

impl Index {
    /// What cannot be read is left out: that nothing is, the tests say.
    fn read(bundle: &'static [u8]) -> Self {
        let end = bundle.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bundle.len());
        let (head, data) = bundle.split_at_checked(end + 2).unwrap_or((bundle, &[]));
        let (mut source, mut regions) = ("", Vec::new());
        let (mut sets, mut blocks, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for line in std::str::from_utf8(head).unwrap_or_default().lines() {
            let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
            match what {
                "source" => source = rest,
                "regions" => regions = rest.split(' ').collect(),
                "set" => sets.extend(u64::from_str_radix(rest, 16)),
                "block" => blocks.extend(Block::read(rest)),
                "type" => types.extend(Entry::read(rest)),
                _ => {}
            }
        }
        Self { source, regions, sets, blocks, types, data }
    }

    pub(super) fn source(&self) -> &'static str {
        self.source
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.types.iter().map(|entry| entry.name)
    }

    pub(super) fn regions(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let set = self.entry(name).and_then(|entry| self.sets.get(entry.set)).copied().unwrap_or(0);
        self.regions.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, region)| *region)
    }

    pub(super) fn resource(&self, name: &str) -> Option<Arc<Resource>> {
        let entry = self.entry(name)?;
        let decoded = || decode::resource(entry.name, self.schema(entry)?).map(Arc::new);
        entry.decoded.get_or_init(decoded).clone()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        let at = self.types.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
        self.types.get(at)
    }

    fn schema(&self, entry: &Entry) -> Option<serde_json::Value> {
        let block = self.blocks.get(entry.block)?;
        let compressed = self.data.get(block.offset..block.offset + block.compressed)?;
        let mut text = Vec::with_capacity(block.length);
        let status = Decompress::new(false).decompress_vec(compressed, &mut text, FlushDecompress::Finish).ok()?;
        let whole = status == Status::StreamEnd && text.len() == block.length;
        let schema = text.get(entry.offset..entry.offset + entry.length).filter(|_| whole)?;
        serde_json::from_slice(schema).ok()
    }
}

impl Block {
    fn read(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').map_while(|number| number.parse().ok());
        Some(Self { offset: numbers.next()?, compressed: numbers.next()?, length: numbers.next()? })
    }
}

impl Entry {
    fn read(line: &'static str) -> Option<Self> {
        let (name, rest) = line.split_once(' ')?;
        let mut numbers = rest.split(' ').map_while(|number| number.parse().ok());
        let (block, offset, length) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some(Self { name, block, offset, length, set: numbers.next()?, decoded: OnceLock::new() })
    }
}
