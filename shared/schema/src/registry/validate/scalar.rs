//! Single values: texts, numbers, and words out of a list.

use std::borrow::Cow;

use serde_json::Value;

use super::{Check, known::number};
use crate::registry::{
    shape::{Bounds, Rule, Type, Types},
    violation::{ViolationKind, closest, told},
};

/// A value as the rules of scalars see it.
enum Scalar<'v> {
    Text(Cow<'v, str>),
    Number(f64),
}

impl<'r> Check<'r> {
    pub(super) fn of_scalar(&mut self, rule: &Rule, types: Types, value: &Value) {
        match (rule, scalar(types, value)) {
            (Rule::Length(bounds), Some(Scalar::Text(text))) => {
                let length = text.chars().count();
                match *bounds {
                    Bounds { least: Some(least), .. } if length < least => {
                        self.find(ViolationKind::TooShort { length, least });
                    }
                    Bounds { most: Some(most), .. } if length > most => {
                        self.find(ViolationKind::TooLong { length, most });
                    }
                    _ => {}
                }
            }
            (Rule::Pattern(number), Some(Scalar::Text(text))) if self.matches(*number, &text) == Some(false) => {
                let pattern = self.pattern(*number).map(|pattern| pattern.text().to_owned()).unwrap_or_default();
                self.find(ViolationKind::Pattern { pattern });
            }
            (Rule::Range { bounds: Bounds { least, most }, exclusive }, Some(Scalar::Number(found))) => {
                let below = least.is_some_and(|least| found < least);
                let above = most.is_some_and(|most| found > most || (*exclusive && found >= most));
                if below || above {
                    let (least, most, exclusive) = (*least, *most, *exclusive);
                    self.find(ViolationKind::OutOfRange { found, least, most, exclusive });
                }
            }
            (Rule::MultipleOf(of), Some(Scalar::Number(found))) => {
                let times = found / of;
                if (times - times.round()).abs() > 1e-6 {
                    self.find(ViolationKind::NotMultiple { found, of: *of });
                }
            }
            _ => {}
        }
    }

    pub(super) fn allowed(&mut self, values: &[Value], any_case: bool, value: &Value) {
        if values.iter().any(|allowed| same(allowed, value, any_case)) {
            return;
        }
        let found = told(value);
        let allowed: Vec<String> = values.iter().filter_map(told).collect();
        let near = found.as_deref().and_then(|found| closest(found, allowed.iter().map(String::as_str)));
        self.find(ViolationKind::NotAllowed { found, near, allowed });
    }
}

fn scalar(types: Types, value: &Value) -> Option<Scalar<'_>> {
    let wants_text = types.is_empty() || types.has(Type::String);
    let wants_number = types.has(Type::Integer) || types.has(Type::Number);
    match value {
        Value::String(text) if wants_text => Some(Scalar::Text(Cow::Borrowed(text))),
        Value::String(text) if wants_number => number(text).map(Scalar::Number),
        Value::Number(number) if types.is_empty() || wants_number => number.as_f64().map(Scalar::Number),
        Value::Number(_) | Value::Bool(_) if wants_text => Some(Scalar::Text(Cow::Owned(value.to_string()))),
        _ => None,
    }
}

/// Whether two values are the same, a number or truth value being the same as its text.
fn same(allowed: &Value, value: &Value, any_case: bool) -> bool {
    if allowed == value {
        return true;
    }
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let (Some(allowed), Some(value)) = (text(allowed), text(value)) else { return false };
    let numbers = || number(&allowed).zip(number(&value)).is_some_and(|(one, other)| one == other);
    allowed == value || (any_case && allowed.eq_ignore_ascii_case(&value)) || numbers()
}
