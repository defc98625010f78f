//! Queues and topics.

use model::{Properties, Usd};

use super::say::{Answer, by_use, charge, flag, free, text, unpriced};
use super::sources::{SNS, SQS};

pub(super) fn queue(properties: &Properties) -> Answer {
    let requests = if flag(properties, "FifoQueue")? { Usd(500_000) } else { Usd(400_000) };
    Ok(by_use(vec![charge(requests, 1_000_000, "requests")], SQS))
}

pub(super) fn topic(properties: &Properties) -> Answer {
    let publications = if flag(properties, "FifoTopic")? {
        unpriced("publications")
    } else {
        charge(Usd(500_000), 1_000_000, "publications")
    };
    Ok(by_use(vec![publications], SNS))
}

/// What is delivered is charged by where it goes.
pub(super) fn subscription(properties: &Properties) -> Answer {
    match text(properties, "Protocol", "")? {
        "sqs" | "lambda" => free(SNS),
        "http" | "https" => Ok(by_use(vec![charge(Usd(600_000), 1_000_000, "deliveries by HTTP")], SNS)),
        "email" | "email-json" => Ok(by_use(vec![charge(Usd(20_000_000), 1_000_000, "deliveries by mail")], SNS)),
        _ => Ok(by_use(vec![unpriced("deliveries")], SNS)),
    }
}
