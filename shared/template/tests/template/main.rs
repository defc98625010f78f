//! What a template says, what is wrong with it, and what it comes to.

mod errors;
mod expansion;
mod functions;
mod hostile;
mod loops;
mod parameters;
mod random;
mod stage;
