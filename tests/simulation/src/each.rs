//! The same for every number, on every core.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Runs `point` for every number below `points`, on as many threads as there are cores, and gives what failed.
pub fn each(points: usize, point: impl Fn(usize) -> Result<usize, String> + Sync) -> (usize, Vec<String>) {
    let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    if at >= points {
                        return;
                    }
                    match point(at) {
                        Ok(runs) => done.fetch_add(runs, Ordering::SeqCst),
                        Err(why) => {
                            failed.lock().unwrap_or_else(PoisonError::into_inner).push(why);
                            0
                        }
                    };
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.sort();
    (done.into_inner(), failed)
}
