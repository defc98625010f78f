//! One measured figure.

use serde::Serialize;

/// A figure, with what it is held against. `--json` prints one a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What was measured, from the general to the particular, e.g. `makespan/serverless/engine`.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it should be at most; none where it is only told.
    pub bound: Option<f64>,
    /// The figure over its bound.
    pub ratio: Option<f64>,
}

impl Row {
    /// A figure that is only told.
    pub fn told(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value: rounded(value), unit, bound: None, ratio: None }
    }

    /// A figure that is held against a bound.
    pub fn held(name: impl Into<String>, value: f64, unit: &'static str, bound: f64) -> Self {
        let ratio = (bound > 0.0).then(|| rounded(value / bound));
        Self { name: name.into(), value: rounded(value), unit, bound: Some(rounded(bound)), ratio }
    }
}

/// To four places: what is beyond is noise.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_object_with_five_members() {
        let row = Row::held("plan/10000/create", 150.0, "ms", 200.0);
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(json, r#"{"name":"plan/10000/create","value":150.0,"unit":"ms","bound":200.0,"ratio":0.75}"#);
        assert_eq!(Row::told("a", 1.0, "s").ratio, None);
    }
}
