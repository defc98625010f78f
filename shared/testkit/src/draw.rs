//! Chance that can be repeated: every draw is a function of the seed, of what it is for, and of how often that was drawn.
//!
//! Nothing here keeps a state that other draws move, so that a change in the order of events shifts no unrelated draw.

use std::ops::RangeInclusive;

/// The draws of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    seed: u64,
}

impl Draws {
    /// Those of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// 64 bits for the `n`th draw of `what` for `key`.
    pub fn bits(&self, what: &str, key: &str, n: u64) -> u64 {
        let mut state = mixed(self.seed ^ 0x9e37_79b9_7f4a_7c15);
        for text in [what, key] {
            // FNV-1a, mixed at the end: short texts that differ in one letter must not give neighbouring numbers.
            let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            state = mixed(state ^ hash);
        }
        mixed(state ^ n)
    }

    /// A number in `range`.
    pub fn within(&self, range: &RangeInclusive<u64>, what: &str, key: &str, n: u64) -> u64 {
        let width = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + self.bits(what, key, n) % width
    }

    /// Whether something happens that happens `permille` times in a thousand.
    pub fn happens(&self, permille: u64, what: &str, key: &str, n: u64) -> bool {
        self.bits(what, key, n) % 1_000 < permille
    }
}

/// The finaliser of splitmix64.
fn mixed(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_seed_and_purpose_and_on_nothing_else() {
        let (one, other) = (Draws::new(1), Draws::new(2));
        assert_eq!(one.bits("call", "a", 0), Draws::new(1).bits("call", "a", 0));
        let all = [
            one.bits("call", "a", 0),
            one.bits("call", "a", 1),
            one.bits("call", "b", 0),
            one.bits("ready", "a", 0),
            other.bits("call", "a", 0),
        ];
        assert_eq!(std::collections::BTreeSet::from(all).len(), all.len());
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let draws = Draws::new(7);
        let drawn: std::collections::BTreeSet<_> = (0..200).map(|n| draws.within(&(3..=6), "x", "y", n)).collect();
        assert_eq!(drawn, (3..=6).collect());
        let times = (0..10_000).filter(|n| draws.happens(100, "x", "y", *n)).count();
        assert!((800..1_200).contains(&times), "{times}");
    }
}
