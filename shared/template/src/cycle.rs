//! Circles of things that need each other.

use std::collections::{BTreeMap, BTreeSet};

/// Circles in `edges` (what needs which): each begins with its least member and goes on with what that needs. Of circles that share
/// something, one is told.
pub(crate) fn cycles<T: Ord + Clone>(edges: &BTreeMap<T, BTreeSet<T>>) -> Vec<Vec<T>> {
    let mut cycles = Vec::new();
    // What was looked at and what lies on the way to where we look, without recursion: chains are as long as a template.
    let mut done: BTreeSet<&T> = BTreeSet::new();
    for start in edges.keys() {
        if done.contains(start) {
            continue;
        }
        let next = |one: &T| edges.get(one).map(BTreeSet::iter).into_iter().flatten();
        let mut path: Vec<&T> = vec![start];
        let mut on_path: BTreeSet<&T> = [start].into();
        let mut ahead = vec![next(start)];
        while let Some(iterator) = ahead.last_mut() {
            match iterator.next() {
                Some(one) if on_path.contains(one) => {
                    let from = path.iter().position(|other| *other == one).unwrap_or(0);
                    let circle: Vec<&T> = path.iter().skip(from).copied().collect();
                    cycles.push(turned(&circle));
                    // Everything on the way is done with: what else goes round through it is this circle's neighbour.
                    done.extend(path.drain(..));
                    break;
                }
                Some(one) if done.contains(one) => {}
                Some(one) => {
                    path.push(one);
                    on_path.insert(one);
                    ahead.push(next(one));
                }
                None => {
                    ahead.pop();
                    if let Some(one) = path.pop() {
                        on_path.remove(one);
                        done.insert(one);
                    }
                }
            }
        }
    }
    cycles
}

/// The circle from its least member on.
fn turned<T: Ord + Clone>(circle: &[&T]) -> Vec<T> {
    let least = circle.iter().enumerate().min_by_key(|(_, one)| **one).map_or(0, |(at, _)| at);
    circle.iter().cycle().skip(least).take(circle.len()).map(|one| (*one).clone()).collect()
}
