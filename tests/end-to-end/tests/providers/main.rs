//! Every native provider through the whole life of a resource, against the embedded account: what it says is compared with
//! the proxy's record of the calls that it made.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests may panic")]

mod apigatewayv2;
mod attached;
mod cloudwatch;
mod connect;
mod custom;
mod dynamodb;
mod event_source;
mod events;
mod iam;
mod lambda;
mod layer;
mod logs;
mod owned;
mod s3;
mod secretsmanager;
mod sns;
mod sqs;
mod ssm;
mod support;
mod wait;
