//! Reads the CloudFormation templates of this repository.
//!
//! They are written with long-form intrinsics, so that plain YAML is all there is to read. It must never resolve anything:
//! that is [`crate::intrinsics`].

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Why a template could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file is not there, or not text.
    #[error("could not read template `{path}`")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// The file is not YAML; a short tag such as `!Ref` is the likely cause.
    #[error("template `{path}` is not plain YAML: {message}")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// What the parser said.
        message: String,
    },
}

/// Where the repository begins.
pub fn repository() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// `template.yaml`: the engine.
///
/// # Errors
/// The file is missing or is not plain YAML.
pub fn engine() -> Result<Value, TemplateError> {
    load(&repository().join("template.yaml"))
}

/// `bootstrap/target-role.yaml`: the target role and the boundary of one environment.
///
/// # Errors
/// The file is missing or is not plain YAML.
pub fn target_role() -> Result<Value, TemplateError> {
    load(&repository().join("bootstrap/target-role.yaml"))
}

/// Reads any template that has no short tags.
///
/// # Errors
/// The file is missing or is not plain YAML.
pub fn load(path: &Path) -> Result<Value, TemplateError> {
    let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
    serde_saphyr::from_str(&text)
        .map_err(|error| TemplateError::Parse { path: path.to_owned(), message: error.to_string() })
}
