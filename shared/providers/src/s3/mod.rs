//! Buckets and their policies.

mod bucket;
mod bucket_policy;
mod cors;
mod lifecycle;
mod settings;

pub use bucket::Bucket;
pub use bucket_policy::BucketPolicy;
