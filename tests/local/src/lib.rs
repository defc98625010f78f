//! The embedded AWS account: an emulator in a process of its own, a proxy in front of it that logs every call and can make
//! calls fail, and what is needed to install the engine there.
//!
//! Must never talk to anything but loopback ([`Loopback`] is the only endpoint type there is), never print (progress goes
//! to a [`Progress`]), and never leave a process behind.

pub mod account;
pub mod clients;
pub mod emulator;
mod error;
pub mod executions;
pub mod install;
pub mod look;
mod loopback;
pub mod package;
mod progress;
pub mod proxy;
pub mod venv;

pub use account::{Account, Options};
pub use emulator::Emulator;
pub use error::LocalError;
pub use loopback::Loopback;
pub use progress::Progress;
pub use proxy::{Call, Caller, Effect, Proxy, Rule};
