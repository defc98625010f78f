//! How fast plans are made and verified, and in how much memory.

use std::collections::BTreeMap;

use model::{Desired, Digest, Plan, Recorded, RecordedResource, ResourceAddress, ResourceKey};

use crate::measured::{Measured, RUNS, measure};
use crate::record::carried_out;
use crate::report::{Report, table};
use crate::row::Row;
use crate::stacks::{StackError, fleet, plan};

/// Bars at [`LARGEST`] resources: milliseconds and megabytes of a plan, milliseconds of a decision.
const PLAN_MILLISECONDS: f64 = 200.0;
const PLAN_MEGABYTES: f64 = 200.0;
const DECISION_MILLISECONDS: f64 = 1_000.0;
const LARGEST: usize = 10_000;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    /// There is no stack.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The planner refuses.
    #[error("the planner refuses: {0}")]
    Plan(#[from] planner::PlanError),
    /// `check` refuses what the planner made.
    #[error("`check` refuses a plan: {}", .0.first().map_or_else(String::new, ToString::to_string))]
    Check(Vec<check::Violation>),
    /// A record is not what it should be.
    #[error("a record cannot be read or written: {0}")]
    Json(#[from] serde_json::Error),
    /// A key is not what it should be.
    #[error(transparent)]
    Key(#[from] model::id::InvalidId),
}

/// What is planned, from where to where.
struct Case {
    name: &'static str,
    desired: Desired,
    recorded: Recorded,
}

/// Measures planning at 100, 1,000 and 10,000 resources.
///
/// # Errors
/// [`PlansError`] where a plan is refused.
pub fn run() -> Result<Report, PlansError> {
    let mut report = Report { name: "plan", text: String::new(), rows: Vec::new(), missed: Vec::new() };
    let mut lines = Vec::new();
    let mut decisions = Vec::new();
    for count in [100, 1_000, LARGEST] {
        let wanted = typical(count)?;
        let recorded = carried_out(&plan(&wanted, &Recorded::default())?);
        let case = |name, desired: &Desired, recorded: &Recorded| Case {
            name,
            desired: desired.clone(),
            recorded: recorded.clone(),
        };
        let nothing = Desired { resources: BTreeMap::new(), outputs: BTreeMap::new(), ..wanted.clone() };
        let cases = [
            case("created from nothing", &wanted, &Recorded::default()),
            case("unchanged", &wanted, &recorded),
            case("all replaced", &renamed(&wanted), &recorded),
            case("all deleted", &nothing, &recorded),
        ];
        for Case { name, desired, recorded } in &cases {
            let mut changes = 0;
            let measured = measure::<_, PlansError>(|| {
                let plan = plan(desired, recorded)?;
                check::check(&plan, recorded).map_err(PlansError::Check)?;
                changes = plan.changes.len();
                Ok(plan)
            })?;
            let alone = measure::<_, PlansError>(|| Ok(plan(desired, recorded)?))?;
            lines.push(vec![
                format!("{name}, {count}"),
                changes.to_string(),
                format!("{:.2}", alone.milliseconds),
                format!("{:.2}", measured.milliseconds),
                format!("{:.2}", measured.median),
                format!("{:.2}", measured.megabytes),
                format!("{:.0}", count as f64 / measured.milliseconds * 1_000.0),
            ]);
            held(&mut report, &format!("plan/{count}/{name}"), &measured, count == LARGEST);
        }
        let measured = decision(&wanted, &recorded)?;
        decisions.push(vec![
            count.to_string(),
            format!("{:.2}", measured.milliseconds),
            format!("{:.2}", measured.median),
            format!("{:.2}", measured.megabytes),
        ]);
        let row = Row::held(format!("decide/{count}"), measured.milliseconds, "ms", DECISION_MILLISECONDS);
        if count == LARGEST && measured.milliseconds >= DECISION_MILLISECONDS {
            report
                .missed
                .push(format!("an unchanged redeploy of {count} took {:.0} ms to decide", measured.milliseconds));
        }
        report.rows.push(row);
    }
    report.text = format!(
        "The least processor time of {RUNS} runs (by the clock, below 50 ms; `planner::plan` alone; with `check::check`), and the median by the clock, which \
         counts what else the machine did; peak memory of both beyond desired and recorded:\n\n{}\nAn unchanged redeploy decided: the record parsed from its stored JSON bodies, planned, checked, the plan \
         encoded and digested:\n\n{}",
        table(
            &[
                "what, resources",
                "changes",
                "plan ms",
                "plan and check ms",
                "median by the clock",
                "peak MB",
                "resources/s"
            ],
            &lines
        ),
        table(&["resources", "ms", "median by the clock", "peak MB"], &decisions),
    );
    Ok(report)
}

fn held(report: &mut Report, name: &str, measured: &Measured, largest: bool) {
    if !largest {
        report.rows.push(Row::told(format!("{name}/time"), measured.milliseconds, "ms"));
        report.rows.push(Row::told(format!("{name}/memory"), measured.megabytes, "MB"));
        return;
    }
    report.rows.push(Row::held(format!("{name}/time"), measured.milliseconds, "ms", PLAN_MILLISECONDS));
    report.rows.push(Row::held(format!("{name}/memory"), measured.megabytes, "MB", PLAN_MEGABYTES));
    if measured.milliseconds >= PLAN_MILLISECONDS {
        report.missed.push(format!("{name} took {:.0} ms", measured.milliseconds));
    }
    if measured.megabytes >= PLAN_MEGABYTES {
        report.missed.push(format!("{name} took {:.0} MB", measured.megabytes));
    }
}

/// An unchanged redeploy, from the stored bodies to the encoded plan.
fn decision(desired: &Desired, recorded: &Recorded) -> Result<Measured, PlansError> {
    let body = |(key, resource): (&ResourceKey, &RecordedResource)| {
        Ok::<_, serde_json::Error>((key.to_string(), serde_json::to_string(resource)?))
    };
    let bodies: Vec<(String, String)> = recorded.resources.iter().map(body).collect::<Result<_, _>>()?;
    measure(|| {
        let mut read = Recorded { revision: recorded.revision, sequence: recorded.sequence, ..Recorded::default() };
        for (key, body) in &bodies {
            read.resources.insert(key.parse()?, serde_json::from_str(body)?);
        }
        let plan: Plan = plan(desired, &read)?;
        check::check(&plan, &read).map_err(PlansError::Check)?;
        let bytes = serde_json::to_vec(&plan)?;
        let digest = Digest::of(&bytes);
        Ok((read, plan, bytes, digest))
    })
}

/// `count` resources in the mix that a monorepo of agents has. What is missing to a whole agent is parameters.
///
/// # Errors
/// [`StackError`] where `config` refuses what is generated.
pub fn typical(count: usize) -> Result<Desired, StackError> {
    let (one, nine) = (fleet(1)?.resources.len(), fleet(9)?.resources.len());
    // Eight agents more are always as many resources more, so that this guess is at most eight agents too high.
    let mut agents = count.saturating_sub(one) * 8 / (nine - one).max(1) + 1;
    let mut desired = fleet(agents)?;
    while desired.resources.len() > count && agents > 1 {
        agents -= 1;
        desired = fleet(agents)?;
    }
    let parameter =
        desired.resources.values().find(|resource| resource.kind.as_str() == "AWS::SSM::Parameter").cloned();
    for number in desired.resources.len()..count {
        if let Some(parameter) = &parameter {
            desired.resources.insert(ResourceAddress::new("shared", format!("More{number}")), parameter.clone());
        }
    }
    Ok(desired)
}

/// The same under other names, or of another kind where there is none: everything has to be replaced, itself or because
/// of what it refers to.
fn renamed(desired: &Desired) -> Desired {
    let mut renamed = desired.clone();
    for (number, resource) in renamed.resources.values_mut().enumerate() {
        let naming = schema::get(&resource.kind).and_then(|schema| schema.naming);
        if resource.kind.as_str() == "AWS::ApiGatewayV2::Api" {
            resource.properties.set("ProtocolType", "WEBSOCKET");
        } else if let Some(naming) = naming {
            resource.properties.set(naming.property, format!("renamed-{number}"));
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use model::Action;

    use super::*;

    #[test]
    fn a_typical_environment_has_as_many_resources_as_were_asked_for() {
        for count in [100, 1_000] {
            assert_eq!(typical(count).unwrap().resources.len(), count);
        }
    }

    #[test]
    fn everything_is_replaced_where_that_is_what_is_measured() {
        let wanted = typical(100).unwrap();
        let recorded = carried_out(&plan(&wanted, &Recorded::default()).unwrap());
        let plan = plan(&renamed(&wanted), &recorded).unwrap();
        let replaced = plan.changes.iter().filter(|change| matches!(change.action, Action::Replace { .. })).count();
        assert_eq!(replaced, 100);
    }
}
