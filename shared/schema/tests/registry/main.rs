//! The bundle of resource types, as whoever uses it sees it.

mod every;
mod hostile;
mod table;
mod valid;
mod violations;
