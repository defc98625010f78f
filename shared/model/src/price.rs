//! What things cost, as far as it is known. What is known stands in `schema`; these are the words for it.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// An amount of US dollars, in millionths. Written with two to six decimals, also for programs: `"0.10"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(pub i64);

impl Usd {
    /// So many times this much.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// The same amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, millionths) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let decimals = format!("{millionths:06}");
        write!(f, "{sign}{whole}.{:0<2}", decimals.trim_end_matches('0'))
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is known of what one resource costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// What it costs a month while it merely exists.
    pub standing: Standing,
    /// By what use it is charged besides.
    pub charges: Vec<Charge>,
    /// Where the figures are from; none where there is none.
    pub source: Option<Source>,
}

/// What a resource costs a month while it merely exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// This much, which may be nothing.
    Known(Usd),
    /// Nobody knows here, and why.
    Unknown(String),
}

/// One way in which use is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Charge {
    /// What `per` units cost, in the first tier; none where that is not known.
    pub usd: Option<Usd>,
    /// So many units.
    pub per: u64,
    /// What is counted, in the number that fits `per`: `GB stored for a month`, `requests`.
    pub unit: &'static str,
}

/// Where a figure is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Source {
    /// The day for which the figure is vouched for.
    pub as_of: Date,
    /// AWS's page of prices.
    pub page: &'static str,
    /// The region whose list it is.
    pub region: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_as_many_decimals_as_they_need_and_at_least_two() {
        for (millionths, written) in [
            (0, "0.00"),
            (100_000, "0.10"),
            (1_000_000, "1.00"),
            (94_900, "0.0949"),
            (30_900, "0.0309"),
            (1, "0.000001"),
            (16_666_700, "16.6667"),
            (-100_000, "-0.10"),
            (-32_850_000, "-32.85"),
        ] {
            assert_eq!(Usd(millionths).to_string(), written);
        }
        assert_eq!(serde_json::to_string(&Usd(400_000)).unwrap(), "\"0.40\"");
    }

    #[test]
    fn amounts_add_up_and_never_wrap() {
        let sum: Usd = [Usd(100_000), Usd(300_000), Usd(-50_000)].into_iter().sum();
        assert_eq!(sum, Usd(350_000));
        assert_eq!(Usd(i64::MAX) + Usd(1), Usd(i64::MAX));
        assert_eq!(Usd(i64::MIN).abs(), Usd(i64::MAX));
        assert_eq!(Usd(45_000).times(730), Usd(32_850_000));
    }
}
