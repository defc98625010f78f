//! What the parts of Strandline promise each other on paper, and the readers that hold them to it.
//!
//! Owns the reading of the two CloudFormation templates, an evaluator of IAM policy documents, and the list of what the
//! emulated account cannot judge. The tests beside it check the dependency tables, the state machine and the policies.
//! It must never call AWS or an emulator: everything here is judged as a document, because the emulator does not enforce
//! all of it (the state machine's role, `iam:PermissionsBoundary`, TLS) and a real account is never at hand.

pub mod emulated;
pub mod intrinsics;
pub mod policy;
pub mod template;
