//! Alarms.

mod alarm;
mod metric;

pub use alarm::Alarm;
