//! Function binaries of this host as the zips that Lambda takes.
//!
//! The zips are deterministic: same binary, same bytes. These are for the embedded account only; what ships is built by
//! cargo-lambda for the architecture of the template.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use crate::LocalError;

/// The engine's functions: logical id in `template.yaml`, and the binary it runs.
pub const FUNCTIONS: [(&str, &str); 6] = [
    ("IntakeFunction", "intake"),
    ("DriftScanFunction", "drift-scan"),
    ("PlanFunction", "plan"),
    ("ProvisionWaveFunction", "provision-wave"),
    ("RollbackFunction", "rollback"),
    ("ConcludeFunction", "conclude"),
];

/// A function ready for upload.
#[derive(Clone, Debug)]
pub struct FunctionZip {
    /// In `template.yaml`.
    pub logical_id: &'static str,
    /// Name of the crate and of its binary.
    pub binary: &'static str,
    /// A zip with one executable, `bootstrap`.
    pub zip: Vec<u8>,
}

/// How a zip is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is: the emulator unpacks a zip whenever a function starts cold, and takes longer for that than AWS for a cold start.
    Stored,
    /// Compressed, to tell how large it is.
    Deflated,
}

/// Packs every function from the binaries in `binaries` (`target/debug`, usually).
///
/// # Errors
/// [`LocalError::Missing`] if one is not built.
pub fn functions(binaries: &Path, packing: Packing) -> Result<Vec<FunctionZip>, LocalError> {
    FUNCTIONS
        .into_iter()
        .map(|(logical_id, binary)| {
            let path = binaries.join(binary);
            let code = fs::read(&path).map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => {
                    LocalError::Missing { path: path.clone(), help: "build it with `cargo build --workspace --bins`" }
                }
                _ => LocalError::io(format!("read `{}`", path.display()), e),
            })?;
            Ok(FunctionZip { logical_id, binary, zip: single(&code, packing)? })
        })
        .collect()
}

/// A zip of one executable named `bootstrap`.
fn single(code: &[u8], packing: Packing) -> Result<Vec<u8>, LocalError> {
    let failed =
        |e: zip::result::ZipError| LocalError::Unreadable { what: "a function binary", message: e.to_string() };
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let (method, level) = match packing {
        Packing::Stored => (zip::CompressionMethod::Stored, None),
        // The fastest level, because nothing here is sent over a network.
        Packing::Deflated => (zip::CompressionMethod::Deflated, Some(1)),
    };
    // The format's first moment instead of a clock.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(method)
        .compression_level(level)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755)
        .large_file(false);
    zip.start_file("bootstrap", options).map_err(failed)?;
    zip.write_all(code).map_err(|e| LocalError::io("zip a function binary", e))?;
    Ok(zip.finish().map_err(failed)?.into_inner())
}

/// Where cargo puts binaries of the profile that tests and demo share.
///
/// # Errors
/// This program does not run from a target directory.
pub fn binaries_dir() -> Result<PathBuf, LocalError> {
    let program = std::env::current_exe().map_err(|e| LocalError::io("find this program", e))?;
    let missing =
        || LocalError::Missing { path: program.clone(), help: "run it through cargo, from its target directory" };
    let dir = program.parent().ok_or_else(missing)?;
    // Test programs stand one level further down than binaries.
    let dir = if dir.ends_with("deps") { dir.parent().ok_or_else(missing)? } else { dir };
    Ok(dir.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_same_binary_packs_to_the_same_bytes() {
        for packing in [Packing::Stored, Packing::Deflated] {
            assert_eq!(single(b"code", packing).unwrap(), single(b"code", packing).unwrap());
        }
    }

    #[test]
    fn a_zip_holds_one_executable_bootstrap() {
        let mut zip = zip::ZipArchive::new(Cursor::new(single(b"code", Packing::Stored).unwrap())).unwrap();
        assert_eq!(zip.len(), 1);
        let mut file = zip.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().map(|m| m & 0o777), Some(0o755));
        let mut code = String::new();
        file.read_to_string(&mut code).unwrap();
        assert_eq!(code, "code");
    }

    #[test]
    fn a_binary_that_is_not_built_is_named() {
        let error = functions(Path::new("/nowhere"), Packing::Stored).unwrap_err().to_string();
        assert!(error.contains("/nowhere/intake") && error.contains("cargo build"), "{error}");
    }
}
