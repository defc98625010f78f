//! The words in which prices are written down here, and how properties are read for them.

use model::{Charge, Price, Properties, Source, Standing, Usd};
use serde_json::Value;

/// A price, or why there is none.
pub(super) type Answer = Result<Price, String>;

/// Hours that AWS and everybody else reckon a month with.
pub(super) const HOURS: i64 = 730;

/// So much for so many.
pub(super) const fn charge(usd: Usd, per: u64, unit: &'static str) -> Charge {
    Charge { usd: Some(usd), per, unit }
}

/// Charged for as well, at a price that is not known.
pub(super) const fn unpriced(unit: &'static str) -> Charge {
    Charge { usd: None, per: 1, unit }
}

/// Costs this much a month, and use besides.
pub(super) fn standing(usd: Usd, charges: Vec<Charge>, source: Source) -> Price {
    Price { standing: Standing::Known(usd), charges, source: Some(source) }
}

/// Costs nothing while it merely exists; use is charged.
pub(super) fn by_use(charges: Vec<Charge>, source: Source) -> Price {
    standing(Usd::default(), charges, source)
}

/// Costs nothing, whatever it is used for.
pub(super) fn free(source: Source) -> Answer {
    Ok(by_use(Vec::new(), source))
}

/// Costs nothing, because nothing of it is in the account.
pub(super) fn nothing() -> Answer {
    Ok(Price { standing: Standing::Known(Usd::default()), charges: Vec::new(), source: None })
}

/// Nobody knows what it costs while it merely exists.
pub(super) fn unknown(why: String, charges: Vec<Charge>, source: Option<Source>) -> Price {
    Price { standing: Standing::Unknown(why), charges, source }
}

/// Why there is no price where a property is not what it is priced by.
pub(super) fn unclear(name: &str) -> String {
    format!("`{name}` is not known, or not understood")
}

/// The text of a property; `default` where it is not asked for.
pub(super) fn text<'a>(properties: &'a Properties, name: &str, default: &'a str) -> Result<&'a str, String> {
    match properties.get(name) {
        None => Ok(default),
        Some(value) => value.as_str().ok_or_else(|| unclear(name)),
    }
}

/// Whether a property is asked for as true.
pub(super) fn flag(properties: &Properties, name: &str) -> Result<bool, String> {
    match properties.get(name) {
        None => Ok(false),
        Some(_) => properties.flag(name).ok_or_else(|| unclear(name)),
    }
}

/// The whole number under `name` in a tree; numbers written as text count.
pub(super) fn number(tree: &Value, name: &str) -> Result<i64, String> {
    let value = tree.get(name);
    value.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok())).ok_or_else(|| unclear(name))
}

/// The items of a list; none where it is not asked for.
pub(super) fn items<'a>(properties: &'a Properties, name: &str) -> Result<&'a [Value], String> {
    match properties.get(name) {
        None => Ok(&[]),
        Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| unclear(name)),
    }
}
