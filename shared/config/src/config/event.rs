//! What wakes an agent.

use serde_json::Value;
use source::Span;

/// Something that wakes an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where it was asked for.
    pub span: Span,
    /// What it comes from.
    pub source: EventSource,
}

// JSON of a config has no numbers that are not equal to themselves.
impl Eq for Event {}

/// What wakes an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum EventSource {
    /// Messages of a queue.
    Queue {
        /// The queue's name.
        name: String,
        /// The most messages of one call.
        batch: u32,
        /// Seconds that messages are gathered for.
        window: u32,
        /// How many calls there are at once, at most; none for as many as it takes.
        concurrency: Option<u32>,
    },
    /// Changes of a table's items.
    Table {
        /// The table's name.
        name: String,
        /// The most changes of one call.
        batch: u32,
    },
    /// What is published to a topic.
    Topic {
        /// The topic's name.
        name: String,
        /// Which messages, by their attributes; none for all.
        filter: Option<Value>,
    },
    /// Objects of a bucket.
    Bucket {
        /// The bucket's name.
        name: String,
        /// What becomes of them.
        on: ObjectEvent,
        /// How their names begin; none for all.
        prefix: Option<String>,
    },
    /// A time.
    Schedule {
        /// `rate(…)` or `cron(…)`, in UTC.
        expression: String,
        /// What the agent is called with; none for what EventBridge says of the time.
        payload: Option<Value>,
    },
    /// Events on a bus of EventBridge.
    Pattern {
        /// What an event must be like.
        pattern: Value,
        /// The bus: its name or its ARN; none for the default one.
        bus: Option<String>,
    },
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectEvent {
    /// It is made, or another version of it.
    Created,
    /// It is deleted.
    Deleted,
}
