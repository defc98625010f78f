//! Benchmarks of the engine that need no account.

fn main() {}
