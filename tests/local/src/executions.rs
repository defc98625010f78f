//! What became of executions of a state machine.

use crate::{
    LocalError,
    clients::Clients,
    emulator::{ACCOUNT_ID, REGION},
};

/// How many states the executions entered whose name begins with `prefix`: what Step Functions bills as state transitions.
/// None while one of them runs.
///
/// # Errors
/// Step Functions refuses it.
pub async fn states_entered(clients: &Clients, machine: &str, prefix: &str) -> Result<Option<usize>, LocalError> {
    let machine = format!("arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:{machine}");
    let all = clients.sfn.list_executions().state_machine_arn(machine).into_paginator().items().send();
    let all = all.collect::<Result<Vec<_>, _>>().await.map_err(|e| LocalError::aws("states:ListExecutions", e))?;
    let mut entered = 0;
    for execution in all.iter().filter(|one| one.name().starts_with(prefix)) {
        if execution.stop_date().is_none() {
            return Ok(None);
        }
        let history = clients.sfn.get_execution_history().execution_arn(execution.execution_arn());
        let history = history.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let history = history.map_err(|e| LocalError::aws("states:GetExecutionHistory", e))?;
        entered += history.iter().filter(|event| event.r#type().as_str().ends_with("StateEntered")).count();
    }
    Ok(Some(entered))
}
