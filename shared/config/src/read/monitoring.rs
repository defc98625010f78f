//! Alarms, logs and traces.

use std::rc::Rc;

use crate::config::{Alarms, Monitoring};
use source::Code;
use source::Finding;
use source::Node;
use source::{Reader, listed};

/// The retentions that CloudWatch Logs has, in days
/// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
pub(crate) const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn monitoring(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Monitoring> {
    let mut fields = reader.fields(node, "`monitoring`")?;
    let mut monitoring = Monitoring::default();
    let mut is_whole = true;
    if let Some(node) = reader.optional(&mut fields, "xray") {
        match reader.flag(node, "`xray`") {
            Some(xray) => monitoring.xray = xray,
            None => is_whole = false,
        }
    }
    if let Some(node) = reader.optional(&mut fields, "alarms") {
        match alarms(reader, node) {
            Some(alarms) => monitoring.alarms = Some(alarms),
            None => is_whole = false,
        }
    }
    if let Some(node) = reader.optional(&mut fields, "log_retention_days") {
        match retention(reader, node) {
            Some(days) => monitoring.log_retention_days = days,
            None => is_whole = false,
        }
    }
    reader.finish(fields);
    is_whole.then_some(monitoring)
}

fn retention(reader: &mut Reader<'_>, node: &Node) -> Option<u32> {
    let days = reader.whole(node, "`log_retention_days`", 1..=3653, "days")?;
    if RETENTIONS.contains(&days) {
        return Some(days);
    }
    let near = RETENTIONS.iter().copied().filter(|known| *known > days).min().unwrap_or(30);
    let words: Vec<String> = RETENTIONS.iter().map(u32::to_string).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let message = format!("CloudWatch Logs keeps nothing for `{days}` days");
    let help = format!("the next longer is `{near}`; it has {}", listed(&words, "and"));
    reader.add(Finding::new(Code::WrongChoice, node.span, message).help(help));
    None
}

fn alarms(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Alarms> {
    let mut fields = reader.fields(node, "`alarms`")?;
    let mut threshold = |name: &'static str, most: u32, unit: &str| {
        let node = reader.optional(&mut fields, name)?;
        reader.whole(node, &format!("`{name}`"), 1..=most, unit)
    };
    let mut alarms = Alarms {
        errors: threshold("errors", 1_000_000, "errors"),
        throttles: threshold("throttles", 1_000_000, "throttled calls"),
        duration_percent: threshold("duration_percent", 100, "percent of the timeout"),
        dlq_depth: threshold("dlq_depth", 1_000_000, "messages"),
        api_5xx: threshold("api_5xx", 1_000_000, "errors"),
        table_throttles: threshold("table_throttles", 1_000_000, "throttled requests"),
        cpu_percent: threshold("cpu_percent", 100, "percent"),
        memory_percent: threshold("memory_percent", 100, "percent"),
        unhealthy_containers: threshold("unhealthy_containers", 1_000, "containers"),
        emails: Vec::new(),
    };
    if let Some(node) = reader.optional(&mut fields, "email") {
        alarms.emails = emails(reader, node);
    }
    reader.finish(fields);
    Some(alarms)
}

/// E-mail addresses; one may stand without a list.
pub(super) fn emails(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    let mut emails = Vec::new();
    for text in reader.texts(node, "an e-mail address") {
        let is_email = text.value.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !host.contains('@')
        });
        if is_email && text.value.len() <= 254 && !text.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            emails.push(text.value);
        } else {
            let finding =
                Finding::new(Code::WrongEmail, text.span, format!("`{}` is not an e-mail address", text.value));
            reader.add(finding.help("an address is written `name@example.com`"));
        }
    }
    emails.sort();
    emails.dedup();
    emails
}
