//! What a config says, what is wrong with it, and what it comes to.

mod example;
