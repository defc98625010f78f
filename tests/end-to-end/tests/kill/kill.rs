//! One kill: of the process that is at one call.

use std::fmt;
use std::time::Duration;

use end_to_end::{Field, Project};
use local::Call;
use local::proxy::{Held, Point, Rule};
use model::Deployment;

/// The function that is killed.
const VICTIM: &str = "strandline-provision-wave";
/// How long a deployment may take to come to the call. Not an assertion about speed.
const PATIENCE: Duration = Duration::from_secs(150);

/// A call, and on which side of its effect the process is killed.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) point: Point,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.point {
            Point::BeforeEffect => "before",
            Point::AfterEffect => "after",
        };
        write!(f, "{side} {}:{}", self.service, self.operation)
    }
}

/// Several points, as people read them.
pub(crate) fn list(points: &[At]) -> String {
    points.iter().map(At::to_string).collect::<Vec<_>>().join(", then ")
}

/// Uploads a project, kills the wave at each of these calls, one after another, and waits until the deployment has ended.
/// Says which calls it hit.
pub(crate) async fn deploy_and_kill(field: &Field, project: &Project, points: &[At]) -> (Deployment, Vec<Call>) {
    let before = field.deployments().await.len();
    let mut last: Option<Held> = None;
    let mut hit = Vec::new();
    for at in points {
        let rule = Rule::on(at.service, at.operation).caller("strandline-target");
        let mut held = field.account.proxy.hold(rule, at.point);
        match last.take() {
            None => drop(field.upload("bundle.zip", project.bundle()).await),
            Some(last) => last.cut(),
        }
        let call = held.reached(PATIENCE).await;
        let call = call.unwrap_or_else(|| panic!("nothing came {at}; {}", calls(field)));
        kill(field).await;
        last = Some(held);
        hit.push((call, *at));
    }
    if let Some(last) = last {
        last.cut();
    }
    let ended = field.ended_count(before + 1).await;
    let ended = ended.into_iter().max_by_key(|one| one.id.clone()).expect("a deployment");
    (ended, hit.iter().map(|(call, at)| recorded(field, call, *at)).collect())
}

/// Kills the one process of the function, and sees it gone.
pub(crate) async fn kill(field: &Field) {
    let emulator = &field.account.emulator;
    let processes = emulator.function_processes(VICTIM);
    let [process] = processes.as_slice() else { panic!("one process is at work, and not {processes:?}") };
    emulator.kill(*process).expect("it is killed");
    let gone = async || (!emulator.function_processes(VICTIM).contains(process)).then_some(());
    field.until("the process to be gone", gone).await;
}

/// The held call as it stands on the proxy's record: it was hit at the point that was meant.
fn recorded(field: &Field, held: &Call, at: At) -> Call {
    let call = field.account.proxy.calls().swap_remove(held.id);
    assert!(call.is(at.service, at.operation) && call.caller.is_named("strandline-target"), "{call}");
    match at.point {
        Point::BeforeEffect => assert!(!call.forwarded, "{call} was never carried out"),
        Point::AfterEffect => assert!(call.forwarded && held.succeeded(), "{call} was carried out"),
    }
    call
}

/// The calls of the target role, for messages.
pub(crate) fn calls(field: &Field) -> String {
    let calls = field.account.proxy.calls().into_iter().filter(|call| call.caller.is_named("strandline-target"));
    calls.map(|call| format!("\n{call}")).collect()
}
