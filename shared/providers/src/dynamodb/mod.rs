//! Tables.

mod backup;
mod live;
mod shape;
mod step;
mod table;

pub use table::Table;
