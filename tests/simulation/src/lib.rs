//! The engine against a simulated AWS: what plays the state machine, and what must hold afterwards.
//!
//! Owns the stacks, the machine that deploys them (invoking, waiting, planning again, retrying as Step Functions does), the
//! invariants, and the generator of random cases. Must never look into the engine: it is driven through its ports.

pub mod case;
pub mod each;
pub mod half;
pub mod invariants;
pub mod machine;
pub mod part;
pub mod random;
pub mod scenario;
pub mod scenarios;
pub mod shrink;
pub mod stack;

pub use invariants::{Broken, hold, is_back, picture};
pub use machine::{Deployed, Machine, Stopped, Wish};
pub use scenario::Scenario;
pub use stack::Stack;
