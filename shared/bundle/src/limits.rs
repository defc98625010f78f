//! How much of an upload is too much.
//!
//! Owns the figures and where they come from. Must never be changed by what an archive says of itself.

/// What Lambda accepts as the unpacked size of a function with its layers: 250 MB, of 1024 × 1024 bytes each ("Lambda
/// quotas", deployment package size).
pub const LAMBDA_UNPACKED: u64 = 250 * MIB;

const MIB: u64 = 1024 * 1024;

/// Bounds of an archive. Each is enforced on what is really read; headers only serve to refuse earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive itself. 256 MiB: what a bundle of several large agents needs, and still fits beside the
    /// program in the default 512 MB of a function's `/tmp`.
    pub compressed: u64,
    /// Bytes of the archive's central directory, which is the only part that is held in memory as a whole. 16 MiB: some
    /// 800 bytes for each of the default number of entries.
    pub directory: u64,
    /// Bytes of all entries, unpacked. 1 GiB: four functions of the largest size that Lambda takes. Unpacking streams,
    /// so this bounds time (some seconds), not memory.
    pub unpacked: u64,
    /// Bytes of one entry, unpacked. [`LAMBDA_UNPACKED`]: a larger file fits into no function.
    pub file: u64,
    /// Entries, folders included. 20,000: a vendored `node_modules` has about half as many.
    pub count: usize,
    /// How many times larger an entry may be unpacked than packed. 200: source compresses 3 to 10 times, sparse binaries
    /// up to 100 times, and the most that deflate can do is 1,032. Entries of at most 1 MiB unpacked are not held to it,
    /// because a small file of one repeated byte is harmless.
    pub ratio: u64,
    /// Components of a path. 32.
    pub depth: usize,
    /// Bytes of a path. 512: half of what S3 takes as a key, and far from the 4,096 of Linux.
    pub path: usize,
}

impl Limits {
    /// Up to here no entry is called a bomb for its ratio.
    pub(crate) const RATIO_FLOOR: u64 = MIB;

    /// How many bytes an entry that has `packed` bytes in the archive may unpack to without being a bomb.
    pub(crate) fn allowance(&self, packed: u64) -> u64 {
        packed.saturating_mul(self.ratio).max(Self::RATIO_FLOOR)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            compressed: 256 * MIB,
            directory: 16 * MIB,
            unpacked: 1024 * MIB,
            file: LAMBDA_UNPACKED,
            count: 20_000,
            ratio: 200,
            depth: 32,
            path: 512,
        }
    }
}

/// A size as people say it.
pub(crate) fn size(bytes: u64) -> String {
    for (unit, name) in [(1024 * MIB, "GiB"), (MIB, "MiB"), (1024, "KiB")] {
        if bytes >= unit {
            let (whole, tenth) = (bytes / unit, (bytes % unit) * 10 / unit);
            return if tenth == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") };
        }
    }
    format!("{bytes} bytes")
}
