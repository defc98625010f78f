//! Measured figures, as they are shown.

use serde::Serialize;

/// A figure, with what it is held against.
#[derive(Serialize)]
struct Row {
    name: String,
    /// The median.
    value: f64,
    unit: &'static str,
    /// What it should be at most; none where it is only told.
    bound: Option<f64>,
    /// The figure over its bound.
    ratio: Option<f64>,
    min: f64,
    max: f64,
    runs: usize,
}

/// Prints rows.
pub(super) struct Rows {
    /// Whether as one JSON object each.
    pub(super) json: bool,
}

impl Rows {
    /// A figure that is only told.
    pub(super) fn told(&self, name: impl Into<String>, unit: &'static str, samples: Vec<f64>) {
        self.print(name.into(), unit, None, samples);
    }

    /// A figure that should be at most `bound`.
    pub(super) fn held(&self, name: impl Into<String>, unit: &'static str, bound: f64, samples: Vec<f64>) {
        self.print(name.into(), unit, Some(bound), samples);
    }

    fn print(&self, name: String, unit: &'static str, bound: Option<f64>, mut samples: Vec<f64>) {
        samples.sort_by(f64::total_cmp);
        let at = |index: usize| samples.get(index).copied().map_or(f64::NAN, rounded);
        let value = at(samples.len() / 2);
        let row = Row {
            name,
            value,
            unit,
            bound: bound.map(rounded),
            ratio: bound.filter(|bound| *bound > 0.0).map(|bound| rounded(value / bound)),
            min: at(0),
            max: at(samples.len().saturating_sub(1)),
            runs: samples.len(),
        };
        if self.json {
            println!("{}", serde_json::to_string(&row).unwrap_or_default());
            return;
        }
        let Row { name, value, min, max, runs, .. } = &row;
        let held = match (row.bound, row.ratio) {
            (Some(bound), Some(ratio)) => format!("  of {bound:.2} {unit}: {ratio:.2}"),
            _ => String::new(),
        };
        println!("{name:<36} {value:8.2} {unit:<6} ({min:.2} to {max:.2}, {runs} runs){held}");
    }
}

/// To four places: what is beyond is noise.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
