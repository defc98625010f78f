//! Executions that somebody started in Step Functions: what they ask for joins the queue, and the execution ends.

use model::{Deployment, DeploymentId, Digest, EnvironmentId, Origin, Refusal, Request, Rollback, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use step::{Caught, Message, StepError, VERSION, Verdict};

use crate::asked::Asked;
use crate::examine::refusal;
use crate::intake::Intake;

/// The most characters of a cause: Step Functions takes 32,768.
const CAUSE: usize = 30_000;

/// What the state machine merges into the input of every execution.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Execution {
    /// Its name.
    execution: String,
    /// When it was started: a name serves again after 90 days.
    began: Timestamp,
}

impl Execution {
    /// The id of what it asks for: the time of the start, so that ids sort, and a hash, so that a step that is tried again
    /// makes nothing twice.
    fn deployment(&self) -> DeploymentId {
        let began = self.began.as_millisecond();
        let hash = Digest::of(format!("execution\n{}\n{began}", self.execution).as_bytes());
        DeploymentId(format!("{began:011x}-{}", hash.short(16)))
    }
}

/// Whether the input of an execution is one that a person wrote: the engine names a deployment, and nothing else.
pub(crate) fn is_by_hand(payload: &Value) -> bool {
    payload.get("deployment").is_none() || payload.get("rollback").is_some()
}

impl Intake {
    /// Enqueues what somebody asks for. What asks for nothing that there is ends the execution as failed, with the reasons.
    pub(crate) async fn by_hand(&self, payload: &Value) -> Result<Value, StepError> {
        let execution = Execution::deserialize(payload)
            .map_err(|error| StepError::Unreadable(format!("not an execution of this state machine: {error}")))?;
        let asked = match read(payload) {
            Ok((environment, rollback)) if self.store.environment(&environment).await?.is_some() => {
                Ok((environment, rollback))
            }
            Ok((environment, _)) => {
                let message = format!("no environment `{environment}` is registered");
                let help = "check `project` and `environment`, or ask an administrator to register it";
                Err(vec![refusal("intake::unknown-environment", message, help)])
            }
            Err(refusals) => Err(refusals),
        };
        let (environment, rollback) = match asked {
            Ok(asked) => asked,
            Err(refusals) => return Ok(refused(&execution, &refusals)),
        };
        let id = execution.deployment();
        let origin = Origin::Execution { name: execution.execution.clone() };
        let request = Request::Rollback(rollback);
        let deployment = Deployment::new(id.clone(), environment.clone(), origin, request, execution.began);
        self.join(&deployment).await?;
        let message = json!({
            "v": VERSION, "step": "enter", "deployment": id, "project": environment.project,
            "environment": environment.environment, "execution": execution.execution,
        });
        let message = Message::read(&message)?.with(Verdict::Enqueued);
        serde_json::to_value(message).map_err(|error| StepError::Corrupt(error.to_string()))
    }
}

/// The environment and the way back that an input asks for.
fn read(payload: &Value) -> Result<(EnvironmentId, Rollback), Vec<Refusal>> {
    let example = "`{\"rollback\": {\"project\": \"support-desk\", \"environment\": \"dev\", \"to\": \"previous\"}}`";
    let mut input = Asked::new(members(payload), "the input of an execution");
    for merged in ["step", "execution", "began"] {
        input.skip(merged);
    }
    let rollback = match input.take("rollback") {
        Some(rollback @ Value::Object(_)) => Some(rollback),
        Some(_) => {
            let message = "`rollback` is not an object";
            input.refusals.push(refusal("intake::wrong-type", message, &format!("write {example}")));
            None
        }
        None => {
            input.missing("rollback", &format!("write {example}; to deploy, upload to the inbox"));
            None
        }
    };
    let read = rollback.map(|rollback| {
        let mut asked = Asked::new(members(&rollback), "a rollback");
        let environment = environment(&mut asked);
        let rollback = asked.rollback();
        asked.finish(environment.zip(rollback))
    });
    match read {
        Some(Err(refusals)) => {
            input.refusals.extend(refusals);
            input.finish(None)
        }
        Some(Ok(read)) => input.finish(Some(read)),
        None => input.finish(None),
    }
}

fn environment(asked: &mut Asked) -> Option<EnvironmentId> {
    let mut name = |key| {
        let is_wrong = asked.refusals.len();
        let name = asked.text(key);
        if name.is_none() && asked.refusals.len() == is_wrong {
            asked.missing(key, "name the project and the environment that goes back");
        }
        name
    };
    let (project, environment) = (name("project"), name("environment"));
    match EnvironmentId::new(&project?, &environment?) {
        Ok(environment) => Some(environment),
        Err(error) => {
            let help = "name the project and the environment as they are registered";
            asked.refusals.push(refusal("intake::unknown-environment", error.to_string(), help));
            None
        }
    }
}

fn members(value: &Value) -> Vec<(String, Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The answer by which the state machine fails the execution, with the reasons as its cause.
fn refused(execution: &Execution, refusals: &[Refusal]) -> Value {
    let mut cause = String::new();
    for refusal in refusals {
        let Refusal { code, message, help, .. } = refusal;
        tracing::warn!(execution = execution.execution, code, message, help, "refused");
        let help = help.as_ref().map(|help| format!("\n  {help}"));
        cause.push_str(&format!("{code}: {message}{}\n", help.unwrap_or_default()));
    }
    let cause = cause.trim_end().chars().take(CAUSE).collect();
    let error = Caught { error: "Refused".to_owned(), cause };
    json!({ "v": VERSION, "step": "enter", "verdict": Verdict::Refused, "error": error })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on ends here")]

    use model::{Scope, Target};

    use super::*;

    /// An input as the state machine hands it on.
    fn input(input: Value) -> Value {
        let mut payload = json!({ "step": "enter", "execution": "by-hand", "began": "2026-11-01T10:00:00.123Z" });
        payload.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        payload
    }

    fn codes(payload: &Value) -> Vec<String> {
        read(payload).unwrap_err().into_iter().map(|one| one.code).collect()
    }

    #[test]
    fn one_line_is_enough() {
        let asked = json!({ "rollback": { "project": "shop", "environment": "dev", "to": "previous" } });
        let (environment, rollback) = read(&input(asked)).unwrap();
        assert_eq!(environment, EnvironmentId::new("shop", "dev").unwrap());
        assert_eq!((rollback.to, rollback.scope), (Target::Previous, Scope::All));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let payload = json!({ "rollback": { "project": 5, "to": "next", "fast": true }, "Comment": "please" });
        let expected = [
            "intake::wrong-type",
            "intake::missing-key",
            "intake::wrong-type",
            "intake::unknown-key",
            "intake::unknown-key",
        ];
        assert_eq!(codes(&input(payload)), expected);
        assert_eq!(codes(&input(json!({}))), ["intake::missing-key"]);
        assert_eq!(codes(&input(json!({ "rollback": "previous" }))), ["intake::wrong-type"]);
        let names = json!({ "rollback": { "project": "Shop!", "environment": "dev", "to": 1 } });
        assert_eq!(codes(&input(names)), ["intake::unknown-environment"]);
    }

    #[test]
    fn an_input_of_the_engine_is_not_by_hand() {
        let payload = json!({ "v": 1, "deployment": "d1", "project": "shop", "environment": "dev" });
        assert!(!is_by_hand(&input(payload)));
        assert!(is_by_hand(&input(json!({}))));
        let both = input(json!({ "deployment": "d1", "rollback": {} }));
        assert!(is_by_hand(&both));
        assert!(codes(&both).contains(&"intake::unknown-key".to_owned()));
    }

    #[test]
    fn a_step_that_is_tried_again_is_the_same_deployment_and_a_name_that_serves_again_is_another() {
        let began = |text: &str| Execution { execution: "by-hand".into(), began: text.parse().unwrap() };
        let first = began("2026-11-01T10:00:00.123Z");
        assert_eq!(first.deployment(), began("2026-11-01T10:00:00.123Z").deployment());
        assert!(first.deployment() < began("2027-03-01T10:00:00.123Z").deployment());
        assert!(control::execution_name(&first.deployment(), 999).len() <= 80);
    }

    #[test]
    fn what_is_refused_fails_the_execution_with_every_reason() {
        let refusals =
            read(&input(json!({ "rollback": { "project": "shop", "environment": "dev", "to": -1, "x": 1 } })));
        let execution = Execution::deserialize(&input(json!({}))).unwrap();
        let answer = refused(&execution, &refusals.unwrap_err());
        assert_eq!(answer["verdict"], "refused");
        assert_eq!(answer["error"]["Error"], "Refused");
        let cause = answer["error"]["Cause"].as_str().unwrap();
        assert!(cause.starts_with("intake::wrong-type: `to` is -1, and must be `\"previous\"`"), "{cause}");
        assert!(cause.contains("\nintake::unknown-key: `x` is not known in a rollback\n  leave it out"), "{cause}");
    }
}
