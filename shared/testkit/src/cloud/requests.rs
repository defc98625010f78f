//! What AWS does with each request that changes or looks up one thing.

use engine::ports::{Deletion, Found, Made, OnExisting, Proof, Readiness};
use model::{CallError, ErrorClass, Observed, PhysicalId, Properties, ResourceKey, Stamp};
use schema::Call;
use serde_json::Value;

use super::{Account, Held, Kind, Place, Thing, Wrong};
use crate::fault::{Failing, answer};
use crate::options::Latencies;
use crate::time::micros;
use crate::world::World;

/// Who sends a request, and when: the epoch of its lease, when it arrives, when its answer does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) epoch: u64,
    pub(crate) now: i64,
    pub(crate) answered: i64,
}

/// What is to be made, in a form that outlives who asked for it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) key: ResourceKey,
    pub(crate) properties: Properties,
    pub(crate) token: String,
    pub(crate) stamp: Stamp,
}

impl Account {
    /// The limits: refused where there are too many calls.
    pub(crate) fn admit(&mut self, kind: &Kind, call: Call, now: i64, operation: &str) -> Result<(), CallError> {
        let Some(limits) = &mut self.limits else { return Ok(()) };
        if limits.admit(schema::api(&kind.name.into(), call), now) {
            Ok(())
        } else {
            Err(answer(ErrorClass::Throttled, operation, 429, "rate exceeded"))
        }
    }

    /// Whether a call is refused until further notice.
    fn permit(&self, key: Option<&ResourceKey>, call: Call, operation: &'static str) -> Result<(), CallError> {
        match self.refused.iter().any(|(of, what)| Some(of) == key && *what == call) {
            true => Err(CallError::refused(operation)),
            false => Ok(()),
        }
    }

    /// Notes who changes something, and whether that one may.
    fn change(&mut self, caller: Caller, id: &str) {
        self.changes += 1;
        if caller.epoch == 0 {
            self.notice(Wrong::NoLease { id: id.to_owned() });
        } else if caller.epoch < self.epoch {
            self.notice(Wrong::TwoWriters { epoch: caller.epoch, later: self.epoch, id: id.to_owned() });
        }
        self.epoch = self.epoch.max(caller.epoch);
    }

    pub(crate) fn create(
        &mut self,
        world: &World,
        kind: &'static Kind,
        order: &Order,
        caller: Caller,
    ) -> Result<Made, CallError> {
        let refuse = |class, status, message: &str| Err(answer(class, "create", status, message));
        self.permit(Some(&order.key), Call::Create, "create")?;
        if let Some(made) = self.replayed(kind, order, caller.now)? {
            return Ok(made);
        }
        let parent = match kind.parent {
            None => None,
            Some((property, of)) => match self.referred(of, order.properties.text(property).unwrap_or_default()) {
                Some(place) => Some(place),
                None => return refuse(ErrorClass::NotFound, 404, "what it stands in does not exist"),
            },
        };
        if kind.name == "AWS::Lambda::Function"
            && let Some(role) = order.properties.text("Role")
        {
            let role = self.referred("AWS::IAM::Role", role).and_then(|place| self.things.get(&place));
            if role.is_none_or(|role| role.usable > caller.now) {
                let message = "The role defined for the function cannot be assumed by Lambda.";
                return refuse(ErrorClass::NotPropagated, 400, message);
            }
        }
        let id = self.id_of(world, kind, order, parent.as_ref());
        let place = (kind.name, id);
        self.tidy(&place, caller.now);
        if self.blocked.get(&place).is_some_and(|until| *until > caller.now) {
            let message =
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.";
            return refuse(ErrorClass::Busy, 400, message);
        }
        if let Some(thing) = self.things.get(&place) {
            let is_equal = thing.properties == order.properties;
            let is_own = thing.key.as_ref() == Some(&order.key);
            let made = made(thing);
            return match kind.proof {
                Proof::Name { on_existing: OnExisting::Succeeds }
                    if is_equal || kind.name == "AWS::CloudWatch::Alarm" =>
                {
                    if !is_own {
                        self.notice(Wrong::Adopted { key: order.key.clone(), id: place.1.clone() });
                    }
                    if let Some(thing) = self.things.get_mut(&place) {
                        thing.properties = order.properties.clone();
                    }
                    self.change(caller, &place.1);
                    Ok(made)
                }
                _ => refuse(ErrorClass::AlreadyExists, 409, "it exists already"),
            };
        }
        if let Some(twin) = self.twin(kind, order, parent.as_ref()) {
            // What subscribes twice is subscribed once, what publishes the same code publishes one version.
            let is_idempotent = matches!(kind.name, "AWS::SNS::Subscription" | "AWS::Lambda::Version");
            return match is_idempotent {
                true => Ok(made(&twin)),
                false => refuse(ErrorClass::AlreadyExists, 409, "it exists already"),
            };
        }
        if self.of(&order.key).iter().any(|thing| thing.kind == kind.name && thing.gone.is_none()) {
            self.notice(Wrong::Doubled(order.key.clone()));
        }
        self.change(caller, &place.1);
        let thing = self.fresh(world, kind, order, &place, parent, caller);
        let made = made(&thing);
        if let Proof::Token { .. } = kind.proof {
            let input = order.properties.to_value();
            self.tokens.insert(order.token.clone(), (input, caller.now, place));
        }
        self.insert(thing);
        Ok(made)
    }

    /// What an earlier call with this token made.
    fn replayed(&self, kind: &Kind, order: &Order, now: i64) -> Result<Option<Made>, CallError> {
        let Proof::Token { life } = kind.proof else { return Ok(None) };
        let Some((input, at, place)) = self.tokens.get(&order.token) else { return Ok(None) };
        if now - at > micros(life) {
            return Ok(None);
        }
        if *input != order.properties.to_value() {
            let message = "the token was used with another input";
            return Err(answer(ErrorClass::Invalid, "create", 400, message));
        }
        Ok(self.things.get(place).map(made))
    }

    fn fresh(
        &self,
        world: &World,
        kind: &Kind,
        order: &Order,
        place: &Place,
        parent: Option<Place>,
        caller: Caller,
    ) -> Thing {
        let key = order.key.to_string();
        let latency = schema::latency(&kind.name.into());
        let after = |range, what| match world.options().latencies {
            Latencies::None => caller.answered,
            Latencies::Middle | Latencies::Drawn => caller.answered + world.millis(range, what, &key),
        };
        let usable = match &world.options().propagation {
            Some(range) => caller.answered + world.millis(range, "propagation", &key),
            None => after(&latency.propagation, "propagation"),
        };
        let lag = match (world.options().lagging, kind.proof) {
            (true, Proof::Tag { lag }) => lag.as_millis().try_into().unwrap_or(0),
            (true, Proof::Child) => 1_000,
            _ => 0,
        };
        Thing {
            kind: kind.name,
            id: place.1.clone(),
            key: Some(order.key.clone()),
            properties: order.properties.clone(),
            owner: if kind.tagged {
                (order.stamp.engine.clone(), order.stamp.scope.clone())
            } else {
                Default::default()
            },
            parent,
            ready: after(&latency.ready, "ready"),
            usable,
            findable: caller.now + world.millis(&(0..=lag), "lag", &key).min(lag_left(kind, lag)),
            listed: caller.now + world.millis(&world.options().owned_lag, "owned", &key),
            gone: None,
            is_full: false,
        }
    }

    /// What AWS calls what is made: its name, or something that is new each time and yet the same in each run.
    fn id_of(&self, world: &World, kind: &Kind, order: &Order, parent: Option<&Place>) -> String {
        let named = kind.id.and_then(|property| order.properties.text(property));
        match (named, parent) {
            (Some(name), Some((_, parent))) if name != parent => format!("{parent}/{name}"),
            (Some(name), _) => name.to_owned(),
            (None, _) => {
                let of = format!("{} {}", kind.name, order.key);
                let n = u64::from(self.made.get(&order.key).copied().unwrap_or_default());
                format!("{:010x}", world.draws().bits("id", &of, n) >> 24)
            }
        }
    }

    /// Another one in the same parent that says the same of what only one may say.
    fn twin(&self, kind: &Kind, order: &Order, parent: Option<&Place>) -> Option<Thing> {
        let siblings = self.children.get(parent?)?;
        let is_twin = |thing: &&Thing| {
            thing.kind == kind.name
                && thing.gone.is_none()
                && match (kind.unique, kind.name) {
                    (Some(property), _) => thing.properties.get(property) == order.properties.get(property),
                    (None, "AWS::SNS::Subscription" | "AWS::Lambda::Version") => thing.properties == order.properties,
                    // A statement id, which is made of the incarnation.
                    (None, "AWS::Lambda::Permission") => thing.key.as_ref() == Some(&order.key),
                    (None, _) => false,
                }
        };
        siblings.iter().filter_map(|place| self.things.get(place)).find(is_twin).cloned()
    }

    /// The thing of a type that an id or ARN names.
    fn referred(&self, kind: &'static str, id: &str) -> Option<Place> {
        let by_id = (kind, id.to_owned());
        // An alias stands for its function.
        let alias = self.things.get(&("AWS::Lambda::Alias", id.to_owned())).and_then(|alias| alias.parent.clone());
        let place = match alias.filter(|(behind, _)| *behind == kind) {
            Some(function) => function,
            None if self.things.contains_key(&by_id) => by_id,
            None => self.by_arn.get(id)?.clone(),
        };
        self.things.get(&place).is_some_and(|thing| thing.gone.is_none()).then_some(place)
    }

    pub(crate) fn read(&mut self, kind: &'static Kind, id: &str, now: i64) -> Option<Observed> {
        let place = (kind.name, id.to_owned());
        self.tidy(&place, now);
        self.things.get(&place).map(|thing| thing.observed(kind))
    }

    pub(crate) fn has(&self, kind: &'static str, id: &str) -> bool {
        self.things.contains_key(&(kind, id.to_owned()))
    }

    pub(crate) fn find(&mut self, world: &World, kind: &'static Kind, order: &Order, now: i64) -> Found {
        if kind.id.is_some() {
            let parent = kind.parent.and_then(|(property, of)| self.referred(of, order.properties.text(property)?));
            let place = (kind.name, self.id_of(world, kind, order, parent.as_ref()));
            self.tidy(&place, now);
            let Some(thing) = self.things.get(&place).filter(|thing| thing.gone.is_none()) else {
                return Found::Absent;
            };
            return match thing.key == Some(order.key.clone()) && is_owned_by(kind, thing, &order.stamp) {
                true => Found::Ours(made(thing)),
                false => Found::Foreign(PhysicalId(thing.id.clone())),
            };
        }
        let places = self.by_key.get(&order.key).into_iter().flatten();
        let things = places.filter_map(|place| self.things.get(place));
        let is_it = |thing: &&Thing| {
            thing.kind == kind.name
                && thing.gone.is_none()
                && thing.findable <= now
                && is_owned_by(kind, thing, &order.stamp)
        };
        things.into_iter().find(is_it).map_or(Found::Absent, |thing| Found::Ours(made(thing)))
    }

    pub(crate) fn settle(&mut self, kind: &'static Kind, id: &str, now: i64) -> Readiness {
        let place = (kind.name, id.to_owned());
        self.tidy(&place, now);
        match self.things.get(&place) {
            None => Readiness::Pending("to become visible".to_owned()),
            Some(thing) if thing.ready > now => Readiness::Pending("to become active".to_owned()),
            Some(thing) => Readiness::Ready(Box::new(thing.observed(kind))),
        }
    }

    /// Whether something holds data. What is not there holds none.
    pub(crate) fn holds_data(&mut self, kind: &'static Kind, id: &str, now: i64) -> bool {
        let place = (kind.name, id.to_owned());
        self.tidy(&place, now);
        self.things.get(&place).is_some_and(|thing| thing.is_full)
    }

    pub(crate) fn update(
        &mut self,
        world: &World,
        kind: &'static Kind,
        id: &str,
        (mut to, known): (Properties, Vec<Properties>),
        caller: Caller,
    ) -> Result<(), CallError> {
        let place = (kind.name, id.to_owned());
        self.tidy(&place, caller.now);
        self.permit(self.things.get(&place).and_then(|thing| thing.key.as_ref()), Call::Update, "update")?;
        let Some(thing) = self.things.get_mut(&place).filter(|thing| thing.gone.is_none()) else {
            return Err(answer(ErrorClass::NotFound, "update", 404, "it does not exist"));
        };
        // What nobody asks for stays where it is, unless whoever changes it knows that it was sent.
        for (name, value) in &thing.properties.0 {
            if to.get(name).is_none() && !known.iter().any(|sent| sent.get(name) == Some(value)) {
                to.set(name, value.clone());
            }
        }
        world.note(|| format!("{} `{id}` is {}", kind.name, to.to_value()));
        let before = std::mem::replace(&mut thing.properties, to);
        let (is_foreign, after) = (thing.key.is_none(), thing.properties.clone());
        self.change(caller, id);
        if is_foreign {
            self.notice(Wrong::Foreign { id: id.to_owned() });
        }
        self.leave_groups(world, &before, &after, caller.now);
        Ok(())
    }

    pub(crate) fn delete(
        &mut self,
        world: &World,
        kind: &'static Kind,
        id: &str,
        caller: Caller,
    ) -> Result<Deletion, CallError> {
        let place = (kind.name, id.to_owned());
        self.tidy(&place, caller.now);
        let Some(thing) = self.things.get(&place).cloned() else { return Ok(Deletion::Gone) };
        self.permit(thing.key.as_ref(), Call::Delete, "delete")?;
        if thing.gone.is_some() {
            return Ok(Deletion::Going);
        }
        if self.lingering.get(id).is_some_and(|until| *until > caller.now) {
            let message = "resource has a dependent object: a network interface";
            return Err(answer(ErrorClass::DependencyViolation, "delete", 400, message));
        }
        if kind.held != Held::ByNone {
            self.tidy_all(caller.now);
            let arn = thing.arn();
            let holds = |other: &&Thing| match kind.held {
                Held::ByNone => false,
                Held::ByAny => true,
                Held::By(kind) => other.kind == kind && other.parent == thing.parent,
            };
            if self.things.values().filter(holds).any(|other| other.id != id && other.mentions(id, &arn)) {
                let message = "resource has a dependent object";
                return Err(answer(ErrorClass::DependencyViolation, "delete", 400, message));
            }
        }
        if thing.is_full && kind.name == "AWS::S3::Bucket" {
            return Err(answer(ErrorClass::HoldsData, "delete", 409, "the bucket is not empty"));
        }
        self.change(caller, id);
        if thing.key.is_none() {
            self.notice(Wrong::Foreign { id: id.to_owned() });
        }
        if thing.is_full {
            self.emptied.extend(thing.key.clone());
        }
        self.leave_groups(world, &thing.properties, &Properties::new(), caller.now);
        if !kind.blocked.is_zero() {
            self.blocked.insert(place.clone(), caller.now + micros(kind.blocked));
        }
        let key = thing.key.as_ref().map(ToString::to_string).unwrap_or_default();
        if let (true, Some(owned)) = (kind.tagged && world.options().owned_lag != (0..=0), thing.owned(kind)) {
            let until = caller.now + world.millis(&world.options().owned_lag, "ghost", &key);
            self.ghosts.push((owned, thing.owner.clone(), until));
        }
        let gone = match world.options().latencies {
            Latencies::None => 0,
            Latencies::Middle | Latencies::Drawn => {
                world.millis(&schema::latency(&kind.name.into()).gone, "gone", &key)
            }
        };
        if gone == 0 {
            self.remove(&place);
            return Ok(Deletion::Gone);
        }
        if let Some(thing) = self.things.get_mut(&place) {
            thing.gone = Some(caller.answered + gone);
        }
        Ok(Deletion::Going)
    }

    /// Interfaces linger in the security groups that something was in and is no longer.
    fn leave_groups(&mut self, world: &World, before: &Properties, after: &Properties, now: i64) {
        let after = groups(after);
        for group in groups(before).into_iter().filter(|group| !after.contains(group)) {
            let until = now + world.millis(&world.options().lingering, "lingering", &group);
            let known = self.lingering.entry(group).or_insert(until);
            *known = (*known).max(until);
        }
    }
}

/// Whatever is made is found before the time is over after which its absence is believed.
fn lag_left(kind: &Kind, lag: u64) -> i64 {
    let most = match kind.proof {
        Proof::Tag { lag } => micros(lag),
        Proof::Child | Proof::Token { .. } | Proof::Name { .. } | Proof::Unprovable => {
            i64::try_from(lag * 1_000).unwrap_or(0)
        }
    };
    (most - 1).max(0)
}

fn is_owned_by(kind: &Kind, thing: &Thing, stamp: &Stamp) -> bool {
    !kind.tagged || thing.owner == (stamp.engine.clone(), stamp.scope.clone())
}

/// The security groups that these settings put something in.
fn groups(properties: &Properties) -> Vec<String> {
    let config = properties.get("VpcConfig").and_then(|config| config.get("SecurityGroupIds"));
    config.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn made(thing: &Thing) -> Made {
    Made { physical_id: PhysicalId(thing.id.clone()), attributes: thing.attributes() }
}
