//! CloudFormation templates → what should exist: parameters, conditions, mappings, rules, functions and outputs, evaluated as far
//! as they can be before anything exists.
//!
//! Owns what CloudFormation's template language means. Must never: read a file, talk to AWS, choose a physical name, or guess
//! what a function would give (it is kept, or refused by name and line).

mod assets;
mod context;
mod cycle;
mod evaluate;
mod expansion;
mod exports;
mod nested;
mod parameters;
mod read;
mod references;
mod repeat;
mod retention;
mod role;
mod rules;
mod scope;
mod validate;
mod wait;

pub use context::{Asset, Context, Stack};
pub use expansion::{Expansion, Made, expand};
