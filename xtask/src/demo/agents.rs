//! Asks the deployed agents over HTTP, as their users would.

use model::Recorded;
use serde_json::{Value, json};

use super::desk::Desk;
use super::report::Answered;
use crate::{console::Console, error::XtaskError};

/// One question.
pub(crate) struct Question {
    agent: &'static str,
    path: &'static str,
    message: &'static str,
    /// What the answer must contain.
    expect: &'static str,
}

/// One for each agent, and one that an agent can answer only with what another agent stored.
pub(crate) const QUESTIONS: &[Question] = &[
    Question { agent: "customer-support-agent", path: "/support", message: "When are you open?", expect: "8:00" },
    Question { agent: "order-agent", path: "/orders", message: "order 2 blue teapots", expect: "2 × blue teapots" },
    Question {
        agent: "research-agent",
        path: "/research",
        message: "Which teapots keep tea warm longest?",
        expect: "I will look into",
    },
];

/// Asked again after its answer changed.
pub(crate) const AFTER_CHANGE: Question = Question {
    agent: "customer-support-agent",
    path: "/support",
    message: "When are you open?",
    expect: "7:00 to 22:00",
};

/// Asked again after a version that does not work was rolled back.
pub(crate) const AFTER_ROLLBACK: Question =
    Question { agent: "order-agent", path: "/orders", message: "order 3 red teapots", expect: "3 × red teapots" };

/// The id of the API that the agents share.
pub(crate) fn api(recorded: &Recorded) -> Option<String> {
    let api = recorded.resources.values().find(|resource| resource.kind.as_str() == "AWS::ApiGatewayV2::Api")?;
    api.physical_id.as_ref().map(|id| id.as_str().to_owned())
}

/// Asks, and shows the answer.
pub(crate) async fn ask(
    console: &Console,
    desk: &Desk,
    recorded: &Recorded,
    question: &Question,
) -> Result<Answered, XtaskError> {
    let Question { agent, path, message, expect } = question;
    let unexpected = |why: String| XtaskError::Unexpected { what: format!("`{agent}` was asked `{message}`"), why };
    let api = api(recorded).ok_or_else(|| unexpected("no HTTP API is recorded".to_owned()))?;
    console.doing(&format!("asking {agent}"));
    let body = json!({ "message": message }).to_string();
    let answer = desk.account.send_http("POST", &api, "$default", path, body).await?;
    let text = answer.text();
    let seconds = answer.took.as_secs_f64();
    let style = console.style();
    let head = format!("POST {path} \"{message}\": {} in {}", answer.status, render::duration(seconds));
    console.print(&format!("{head}\n{}", render::paragraph(4, &text, &style)));
    let said = serde_json::from_str(&text).ok();
    let said: Option<String> = said.and_then(|value: Value| value.get("answer")?.as_str().map(str::to_owned));
    match said {
        Some(said) if answer.status == 200 && said.contains(expect) => {
            Ok(Answered { agent: (*agent).to_owned(), asked: (*message).to_owned(), answer: said, seconds })
        }
        _ => Err(unexpected(format!("it answered {} {text}", answer.status))),
    }
}
