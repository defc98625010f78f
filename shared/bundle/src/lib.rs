//! Zips that somebody else made, and zips that we make.
//!
//! Owns: what an uploaded archive may be ([`Limits`]), the refusal of everything else with all reasons at once
//! ([`Problem`]), reading what was accepted ([`Bundle`]), and deterministic zips addressed by their digest ([`pack`]).
//! Must never: open a file or write one (it works over readers and writers), believe a header that it has not checked
//! against the bytes, hold more than one block of an entry in memory unless asked for that entry, or leave a file out
//! without saying so.

mod limits;
mod name;
mod open;
mod pack;
mod problem;
mod watched;

mod contents;

pub use contents::{Bundle, File, ReadError};
pub use limits::{LAMBDA_UNPACKED, Limits};
pub use open::{OpenError, open};
pub use pack::{LEFT_OUT, PackError, Packed, Source, is_left_out, pack};
pub use problem::{Code, Problem};
