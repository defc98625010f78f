//! A project as it is handed in: its config, the other texts that the config names, and the folders of code.
//!
//! Owns which of the files are read and packed, the bounds on them, and what is wrong with a project as a whole; the same for an
//! upload and for a folder that somebody wants to have validated. Must never: open a file or an archive ([`Contents`] is handed
//! in), store anything, or say what a config or a template means.

mod code;
mod contents;
mod examine;
mod open;
mod rejected;
mod selection;
mod texts;

pub use code::{Code, Location, Packed};
pub use contents::{Bare, Contents};
pub use examine::Examined;
pub use open::{CONFIG_BYTES, CONFIG_NAMES, Opened, open};
pub use rejected::Rejected;
pub use selection::{knows, recorded_names, selection};
