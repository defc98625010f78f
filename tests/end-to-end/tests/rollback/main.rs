//! Ways back as somebody asks for them: by a file in the inbox, by an execution started by hand, by an administrator's
//! command; what an administrator destroys or lets go of; and what of it
//! meets something else on its way.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends here"
)]

mod admin;
mod destroy;
mod execution;
mod failure;
mod inbox;
mod let_go;
mod meanwhile;
mod sweep;
mod trial;
