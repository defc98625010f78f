//! Ways back, one case at a time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::Scope;

use super::*;

pub(super) fn to<'a>(snapshot: &'a Recorded, recorded: &'a Recorded, consent: Consent<'a>) -> Inverse<'a> {
    static FIXED: LazyLock<(Environment, DeploymentId, Digest, Stamp)> =
        LazyLock::new(|| (environment(false), "d2".into(), Digest::of(&[]), stamp()));
    static NONE: BTreeMap<String, Value> = BTreeMap::new();
    let (environment, deployment, config, stamp) = &*FIXED;
    Inverse { snapshot, recorded, scope: &Scope::All, environment, deployment, config, stamp, outputs: &NONE, consent }
}

/// What is in use, by address: everything that was asked for, and a generated name only as such.
pub(super) fn in_use(record: &Recorded) -> BTreeMap<ResourceAddress, Value> {
    let environment = EnvironmentId::new("shop", "dev").unwrap();
    let mut found = BTreeMap::new();
    for (key, one) in record.resources.iter().filter(|(_, one)| one.presence != Presence::Leaving) {
        let mut asked = one.asked.clone();
        if let Some(naming) = schema::get(&one.kind).unwrap().naming {
            let name = asked.text(naming.property).unwrap().to_owned();
            let made = one.made_as.as_ref().map_or(&key.address, |made| &made.address);
            let is_generated = [made, &key.address]
                .into_iter()
                .any(|address| name::is_generated(&naming, &environment, address, &name));
            if is_generated {
                asked.set(naming.property, "generated");
            }
        }
        let resource = json!({
            "type": one.kind, "asked": asked, "dependencies": one.dependencies, "agent": one.agent,
            "retention": one.retention, "presence": one.presence,
        });
        found.insert(key.address.clone(), resource);
    }
    found
}

/// `now`, of which what is not as `before` is the work of the deployment `d1`.
pub(super) fn made_by_d1(before: &Recorded, mut now: Recorded) -> Recorded {
    for (key, resource) in &mut now.resources {
        if before.resources.get(key) != Some(resource) {
            resource.deployment = "d1".into();
        }
    }
    now
}
