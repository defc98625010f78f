//! What a journal says: the fold of its entries into the status of every change, and into the record.
//!
//! Owns which event may follow which. An illegal transition is an error value, never a guess. Pure: entries in, status out.

mod fold;
mod record;

pub use fold::{ChangeStatus, IllegalTransition, Status, failures, fold};
pub use record::record;
