//! How calls are led to a new version of an agent.

use std::rc::Rc;

use model::ShiftStep;

use super::health::Has;
use source::Code;
use source::Finding;
use source::Reader;
use source::{Node, Value};

/// The longest shift, in minutes: its environment takes no other deployment meanwhile.
const LONGEST: u32 = 60;

/// The steps that `node` asks for; empty where all calls go at once. `is_known` says whether what is shared could be read.
pub(super) fn shift(
    reader: &mut Reader<'_>,
    node: &Rc<Node>,
    has: &Has<'_>,
    has_alias: bool,
    is_known: bool,
) -> Option<Vec<ShiftStep>> {
    let Value::Map(_) = &node.value else {
        reader.choice(node, "`shift`", &[("all-at-once", ())])?;
        return Some(Vec::new());
    };
    let mut fields = reader.fields(node, "`shift`")?;
    let canary = reader.optional(&mut fields, "canary");
    let linear = reader.optional(&mut fields, "linear");
    reader.finish(fields);
    let steps = match (canary, linear) {
        (Some(node), None) => self::canary(reader, node),
        (None, Some(node)) => self::linear(reader, node),
        (_, _) => {
            let finding = Finding::new(Code::WrongChoice, node.span, "`shift` is either `canary` or `linear`");
            reader.add(finding.help("keep one of the two; an environment that overrides the other sets it to `null`"));
            None
        }
    };
    if !has_alias {
        let message = "there is no alias whose calls could be shifted";
        reader.add(Finding::new(Code::MissingKey, node.span, message).help("add `alias: live` to the agent"));
        return None;
    }
    if is_known && !has.has_alarms() {
        let message = "the agent has no alarms, so that nobody would be looking while it is shifted";
        let help = "give a threshold for agents under `shared.monitoring.alarms`, e.g. `errors: 1`";
        reader.add(Finding::new(Code::NothingToLookAt, node.span, message).help(help));
        return None;
    }
    steps
}

/// A part of the calls for a while, and then all.
fn canary(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Vec<ShiftStep>> {
    let mut fields = reader.fields(node, "`canary`")?;
    let percent = reader.required(&mut fields, "percent");
    let percent = percent.and_then(|node| reader.whole(node, "`percent`", 1..=99, ""));
    let minutes = reader.required(&mut fields, "minutes");
    let minutes = minutes.and_then(|node| reader.whole(node, "`minutes`", 1..=LONGEST, "minutes"));
    reader.finish(fields);
    steps([percent?], minutes?)
}

/// The same part more, again and again, until it is all.
fn linear(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Vec<ShiftStep>> {
    let mut fields = reader.fields(node, "`linear`")?;
    let percent = reader.required(&mut fields, "percent");
    let percent = percent.and_then(|node| reader.whole(node, "`percent`", 1..=50, ""));
    let every = reader.required(&mut fields, "every_minutes");
    let every = every.and_then(|node| reader.whole(node, "`every_minutes`", 1..=LONGEST, "minutes"));
    reader.finish(fields);
    let (percent, every) = (percent?, every?);
    let count = 100_u32.div_ceil(percent) - 1;
    if count * every > LONGEST {
        let message = format!("`linear` takes {} minutes in all, and at most {LONGEST} are taken", count * every);
        let help = format!("there are {count} steps below 100 %: take fewer, with a larger `percent`, or shorter ones");
        reader.add(Finding::new(Code::OutOfRange, node.span, message).help(help));
        return None;
    }
    steps((1..=count).map(|n| n * percent), every)
}

fn steps(percents: impl IntoIterator<Item = u32>, minutes: u32) -> Option<Vec<ShiftStep>> {
    let step = |percent| Some(ShiftStep { percent: u8::try_from(percent).ok()?, seconds: minutes * 60 });
    percents.into_iter().map(step).collect()
}
