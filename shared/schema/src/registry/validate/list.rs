//! Lists: their items, how many there are, and which stands there twice.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Check,
    known::{holds_unknown, may_vanish},
};
use crate::registry::{
    shape::{Bounds, Rule},
    violation::{Step, ViolationKind},
};

impl<'r> Check<'r> {
    pub(super) fn of_list(&mut self, rule: &'r Rule, items: &[Value]) {
        match rule {
            Rule::Items { first, others } => {
                for (at, item) in items.iter().enumerate() {
                    if let Some(shape) = first.get(at).or(others.as_ref()) {
                        self.path.push(Step::Item(at));
                        self.shape(*shape, item);
                        self.path.pop();
                    }
                }
            }
            Rule::Count(bounds) => {
                let certain = items.iter().filter(|item| !may_vanish(item)).count();
                self.count(*bounds, certain, items.len());
            }
            Rule::Unique => self.unique(items, &[], |item| Some(item.to_string())),
            Rule::UniqueBy(names) => self.unique(items, names, |item| {
                let values: Option<Vec<_>> = names.iter().map(|name| item.get(&**name)).collect();
                values.map(|values| format!("{values:?}"))
            }),
            _ => {}
        }
    }

    fn unique(&mut self, items: &[Value], by: &[Box<str>], key: impl Fn(&Value) -> Option<String>) {
        let mut seen = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            let Some(key) = key(item).filter(|_| !holds_unknown(item)) else { continue };
            if let Some(first) = seen.get(&key) {
                let by = by.iter().map(|name| name.to_string()).collect();
                self.path.push(Step::Item(at));
                self.find(ViolationKind::NotUnique { first: *first, by });
                self.path.pop();
            } else {
                seen.insert(key, at);
            }
        }
    }

    /// Of something there are `certain` at least and `all` at most.
    pub(super) fn count(&mut self, bounds: Bounds<usize>, certain: usize, all: usize) {
        self.certain &= certain == all;
        match bounds {
            Bounds { least: Some(least), .. } if all < least => self.find(ViolationKind::TooFew { found: all, least }),
            Bounds { most: Some(most), .. } if certain > most => {
                self.find(ViolationKind::TooMany { found: certain, most });
            }
            _ => {}
        }
    }
}
