//! Tables.

mod shape;
mod step;
mod table;

pub use table::Table;
