//! The words of Strandline as data: what is desired, recorded, observed, planned and journalled.
//!
//! Owns every type that crosses a crate boundary. Holds no behaviour beyond what a value can say of itself: no I/O, no
//! clock, no randomness, no AWS. Nothing here decides anything; `planner` decides, `engine` acts.

pub mod approval;
pub mod artifact;
pub mod deployment;
pub mod desired;
pub mod digest;
pub mod environment;
pub mod error;
pub mod event;
pub mod expression;
pub mod id;
pub mod lease;
pub mod limit;
pub mod lookup;
pub mod notice;
pub mod observed;
pub mod ownership;
pub mod plan;
pub mod price;
pub mod properties;
pub mod recorded;
pub mod report;
pub mod request;

pub use jiff::Timestamp;
pub use jiff::civil::Date;

pub use approval::{Approval, Decision};
pub use artifact::{Artifact, ObjectRef};
pub use deployment::{
    Cause, Deployment, DeploymentStatus, EntryKind, Origin, Outcome, QueueEntry, Refusal, Requester, Undo,
};
pub use desired::{Desired, DesiredResource, Retention};
pub use digest::Digest;
pub use environment::{ApprovalRule, Environment, Keep, OnFailure};
pub use error::{CallError, ErrorClass};
pub use event::{Entry, Event, Operation, Settled};
pub use expression::{Reference, Unresolved};
pub use id::{
    DeploymentId, EnvironmentId, Generation, PhysicalId, ResourceAddress, ResourceKey, ResourceType, Revision,
};
pub use lease::{Epoch, Lease};
pub use limit::{Exceeded, Limit, Limits};
pub use lookup::{Lookup, Snapshot};
pub use notice::{Notice, Notices};
pub use observed::Observed;
pub use ownership::{Ownership, Stamp};
pub use plan::{
    Action, Change, Edge, Gate, GateCheck, Loss, NonEmpty, Order, Plan, PropertyDiff, Reach, Reason, Shift, ShiftStep,
    Stage,
};
pub use price::{Charge, Price, Source, Standing, Usd};
pub use properties::{Properties, PropertyPath, properties};
pub use recorded::{Earlier, Intent, Presence, Recorded, RecordedResource};
pub use report::{
    Affected, AtOnce, Effect, Ignored, Moved, PlanReport, Replaced, Retained, Retaining, Selected, Unshifted, Waiting,
};
pub use request::{Destroy, Request, Rollback, Scope, Selection, Target};
