//! The alarms of the simulated account, as one process sees them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{AlarmSeen, Answer, Health};
use model::{CallError, ErrorClass};
use serde_json::Value;

use crate::port::{Way, call};
use crate::process::Process;

/// How long a look is on its way, there and back, in microseconds.
const LOOK: Way = Way { there: 10_000, back: 10_000 };

/// The alarms, as one process sees them. Nothing can be invoked or asked.
#[derive(Debug)]
pub struct SimHealth {
    process: Arc<Process>,
}

impl SimHealth {
    pub(crate) fn new(process: &Arc<Process>) -> Self {
        Self { process: Arc::clone(process) }
    }
}

#[async_trait]
impl Health for SimHealth {
    async fn alarm(&self, name: &str) -> Result<AlarmSeen, CallError> {
        let of = name.to_owned();
        call(&self.process, ("alarm", name), LOOK, || Ok(()), move |world, _| Ok(world.alarm(&of))).await
    }

    async fn invoke(&self, _: &str, _: &Value, _: Duration) -> Result<Answer, CallError> {
        Err(CallError::local(ErrorClass::Invalid, "invoke", "nothing runs in a simulated account"))
    }

    async fn get(&self, _: &str, _: Duration) -> Result<u16, CallError> {
        Err(CallError::local(ErrorClass::Invalid, "get", "nothing answers in a simulated account"))
    }
}
