//! What wakes an agent.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::agent::Around;
use super::data;
use crate::config::{Event, EventSource, Kind, ObjectEvent};
use source::Code;
use source::Finding;
use source::{Fields, Reader, closest};
use source::{Node, Spanned};

/// The key that says where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Queue,
    Table,
    Topic,
    Bucket,
    Schedule,
    Event,
}

/// The keys of which an event has one.
const SOURCES: [(&str, Word); 6] = [
    ("queue", Word::Queue),
    ("table", Word::Table),
    ("topic", Word::Topic),
    ("bucket", Word::Bucket),
    ("schedule", Word::Schedule),
    ("event", Word::Event),
];

impl Word {
    /// What such an event is called in messages.
    fn called(self) -> &'static str {
        match self {
            Self::Queue => "an event of a queue",
            Self::Table => "an event of a table",
            Self::Topic => "an event of a topic",
            Self::Bucket => "an event of a bucket",
            Self::Schedule => "a schedule",
            Self::Event => "an event of a bus",
        }
    }
}

/// The most events of one agent. Each is compared with the others.
const MOST: usize = 100;

/// The events that `node` lists. `timeout` is the agent's, where that is known.
pub(super) fn events(
    reader: &mut Reader<'_>,
    node: &Rc<Node>,
    around: &Around<'_>,
    timeout: Option<u32>,
) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let items = reader.items(node, "`events`", "events");
    if items.len() > MOST {
        let message = format!("there are {} events of one agent", items.len());
        reader.add(Finding::new(Code::TooMany, node.span, message).help(format!("at most {MOST} are read")));
        return events;
    }
    for item in items {
        let Some(source) = event(reader, item, around, timeout) else { continue };
        // The same again, whatever its details: a queue would be emptied twice, a topic subscribed to twice.
        if events.iter().any(|known| is_same(&known.source, &source)) {
            let finding = Finding::new(Code::DuplicateEvent, item.span, "the agent is woken by this already");
            reader.add(finding.help("keep one of the two"));
            continue;
        }
        events.push(Event { span: item.span, source });
    }
    events
}

fn is_same(one: &EventSource, other: &EventSource) -> bool {
    use EventSource::{Queue, Table, Topic};
    match (one, other) {
        (Queue { name: one, .. }, Queue { name: other, .. })
        | (Table { name: one, .. }, Table { name: other, .. })
        | (Topic { name: one, .. }, Topic { name: other, .. }) => one == other,
        _ => one == other,
    }
}

fn event(reader: &mut Reader<'_>, node: &Rc<Node>, around: &Around<'_>, timeout: Option<u32>) -> Option<EventSource> {
    let given: BTreeSet<&str> = node.entries().unwrap_or_default().iter().map(|(key, _)| key.name.as_str()).collect();
    let mut sources = SOURCES.into_iter().filter(|(word, _)| given.contains(word));
    let source = match (sources.next(), sources.next()) {
        (Some((_, source)), None) => source,
        _ => {
            let words = SOURCES.map(|(word, _)| word);
            let help = format!("it has one of {}, e.g. `{{ queue: work }}`", source::listed(&words, "and"));
            reader.add(Finding::new(Code::WrongChoice, node.span, "an event comes from one source").help(help));
            return None;
        }
    };
    let mut fields = reader.fields(node, source.called())?;
    let event = match source {
        Word::Queue => queue(reader, &mut fields, around, timeout),
        Word::Table => table(reader, &mut fields, around),
        Word::Topic => topic(reader, &mut fields, around),
        Word::Bucket => bucket(reader, &mut fields, around),
        Word::Schedule => schedule(reader, &mut fields),
        Word::Event => pattern(reader, &mut fields),
    };
    reader.finish(fields);
    event
}

/// The name of a shared resource of one kind.
fn named(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    kind: Kind,
    around: &Around<'_>,
) -> Option<Spanned<String>> {
    let node = reader.required(fields, key)?;
    let name = reader.text(node, &format!("`{key}`"))?;
    if around.shared.kind(&name.value) == Some(kind) {
        return Some(name);
    }
    if around.is_known {
        let of_kind = around.shared.names().filter(|(known, _)| *known == kind).map(|(_, name)| name);
        let message = format!("`shared` has no {key} `{}`", name.value);
        let help = match closest(&name.value, of_kind) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("an event names what stands under `{key}s`"),
        };
        reader.add(Finding::new(Code::UnknownResource, name.span, message).help(help));
    }
    None
}

/// A number of a field, or what there is without.
fn number(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u32>,
    unit: &str,
    plain: u32,
) -> Option<u32> {
    match reader.optional(fields, key) {
        Some(node) => reader.whole(node, &format!("`{key}`"), range, unit),
        None => Some(plain),
    }
}

// The limits of batches: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html.
fn queue(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    around: &Around<'_>,
    timeout: Option<u32>,
) -> Option<EventSource> {
    let name = named(reader, fields, "queue", Kind::Queue, around);
    let batch = number(reader, fields, "batch", 1..=10_000, "messages", 10);
    let window = number(reader, fields, "window", 0..=300, "seconds", 0);
    let concurrency = reader
        .optional(fields, "concurrency")
        .map(|node| reader.whole(node, "`concurrency`", 2..=1_000, "calls at once"));
    let batch_span = fields.key("batch");
    let (name, batch, window) = (name?, batch?, window?);
    let queue = around.shared.queues.get(&name.value)?;
    if batch > 10 && (window == 0 || queue.fifo.is_some()) {
        let message = format!("a batch cannot have {batch} messages here");
        let help = match queue.fifo {
            Some(_) => "of a queue that keeps its order, a batch has 10 at most",
            None => "more than 10 take a `window`: `window: 1` gathers for a second",
        };
        reader.add(Finding::new(Code::OutOfRange, batch_span, message).help(help));
        return None;
    }
    if let (Some(visibility), Some(timeout)) = (&queue.visibility, timeout)
        && visibility.value < timeout
    {
        let message = format!(
            "queue `{}` hides a message for {} seconds, and the agent may take {timeout}",
            name.value, visibility.value
        );
        let help = format!(
            "set its `visibility` to at least {timeout}, six times that for good measure; or leave it out, and it becomes so"
        );
        reader.add(Finding::new(Code::OutOfRange, name.span, message).help(help));
        return None;
    }
    let concurrency = concurrency.map_or(Some(None), |concurrency| concurrency.map(Some))?;
    Some(EventSource::Queue { name: name.value, batch, window, concurrency })
}

fn table(reader: &mut Reader<'_>, fields: &mut Fields<'_>, around: &Around<'_>) -> Option<EventSource> {
    let name = named(reader, fields, "table", Kind::Table, around);
    let batch = number(reader, fields, "batch", 1..=10_000, "changes", 100);
    let name = name?;
    if around.shared.tables.get(&name.value)?.stream.is_none() {
        let finding = Finding::new(Code::MissingKey, name.span, format!("table `{}` has no stream", name.value));
        reader.add(finding.help("add `stream: new-and-old` to the table"));
        return None;
    }
    Some(EventSource::Table { name: name.value, batch: batch? })
}

fn topic(reader: &mut Reader<'_>, fields: &mut Fields<'_>, around: &Around<'_>) -> Option<EventSource> {
    let name = named(reader, fields, "topic", Kind::Topic, around);
    let filter = reader.optional(fields, "filter").map(|node| data::filter(reader, node));
    Some(EventSource::Topic { name: name?.value, filter: filter.map_or(Some(None), |filter| filter.map(Some))? })
}

fn bucket(reader: &mut Reader<'_>, fields: &mut Fields<'_>, around: &Around<'_>) -> Option<EventSource> {
    let name = named(reader, fields, "bucket", Kind::Bucket, around);
    let words = [("created", ObjectEvent::Created), ("deleted", ObjectEvent::Deleted)];
    let on = reader.optional(fields, "on").map(|node| reader.choice(node, "`on`", &words));
    let prefix = reader.optional(fields, "prefix").map(|node| reader.text(node, "`prefix`"));
    Some(EventSource::Bucket {
        name: name?.value,
        on: on.unwrap_or(Some(ObjectEvent::Created))?,
        prefix: match prefix {
            Some(prefix) => Some(prefix?.value),
            None => None,
        },
    })
}

fn schedule(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<EventSource> {
    let text = reader.required(fields, "schedule").and_then(|node| reader.text(node, "`schedule`"));
    let payload = reader.optional(fields, "payload").map(|node| reader.json(node, "`payload`"));
    let text = text?;
    match wrong_schedule(&text.value) {
        None => Some(EventSource::Schedule { expression: text.value, payload }),
        Some(help) => {
            let shown: String = text.value.chars().take(60).collect();
            let message = format!("`{}` is not a schedule", shown.escape_debug());
            reader.add(Finding::new(Code::WrongSchedule, text.span, message).help(help));
            None
        }
    }
}

/// What is wrong with a schedule, in words for its help
/// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html).
fn wrong_schedule(text: &str) -> Option<String> {
    if let Some(inside) = text.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')) {
        let parts: Vec<&str> = inside.split(' ').collect();
        let [value, unit] = parts.as_slice() else { return Some("write `rate(5 minutes)`".to_owned()) };
        let units = ["minute", "hour", "day"];
        let single = unit.strip_suffix('s').unwrap_or(unit);
        return match value.parse::<u32>() {
            Ok(count) if count > 0 && units.contains(&single) => {
                let right = if count == 1 { single.to_owned() } else { format!("{single}s") };
                (right != *unit).then(|| format!("write `rate({count} {right})`"))
            }
            _ => Some("a rate is so many `minutes`, `hours` or `days`: `rate(5 minutes)`".to_owned()),
        };
    }
    let Some(inside) = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')')) else {
        return Some("write `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`, which is in UTC".to_owned());
    };
    let parts: Vec<&str> = inside.split(' ').collect();
    let [_, _, day, _, weekday, _] = parts.as_slice() else {
        let words = "minutes, hours, day of the month, month, day of the week, year";
        return Some(format!("`cron` has six parts with one space between them: {words}"));
    };
    let is_part =
        |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "*?,-/#".contains(c));
    if !parts.iter().all(is_part) {
        return Some("its parts have letters, digits and `* ? , - / #`".to_owned());
    }
    let unnamed = [*day, *weekday].iter().filter(|part| **part == "?").count();
    (unnamed != 1).then(|| "write `?` for the day of the month or for the day of the week, and not for both".to_owned())
}

fn pattern(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<EventSource> {
    let node = reader.required(fields, "event")?;
    reader.entries(node, "`event`", "parts of an event to lists of values");
    let pattern = reader.json(node, "`event`");
    let bus = reader.optional(fields, "bus").map(|node| reader.text(node, "`bus`"));
    let map = pattern.as_object()?;
    if map.is_empty() || !map.values().all(|value| value.is_array() || value.is_object()) {
        let finding = Finding::new(Code::WrongType, node.span, "a part of an `event` has a list of values");
        reader
            .add(finding.help(
                "write it as `{ source: [aws.ec2], detail-type: [\"EC2 Instance State-change Notification\"] }`",
            ));
        return None;
    }
    let bus = match bus {
        Some(bus) => Some(bus?.value),
        None => None,
    };
    Some(EventSource::Pattern { pattern, bus })
}
