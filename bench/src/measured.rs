//! Taking the time and memory of something.

use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;

/// How many times each measurement is taken. The least processor time counts, for the rest is what else the machine did.
pub(crate) const RUNS: usize = 9;

/// One measurement.
pub(crate) struct Measured {
    /// The least processor time of [`RUNS`]; by the clock, where it is short.
    pub(crate) milliseconds: f64,
    /// The median by the clock.
    pub(crate) median: f64,
    /// The most memory that was taken at a time beyond what was taken before.
    pub(crate) megabytes: f64,
}

/// Measures `work`.
///
/// # Errors
/// What `work` fails with.
pub(crate) fn measure<T, E>(mut work: impl FnMut() -> Result<T, E>) -> Result<Measured, E> {
    let memory = PeakAlloc;
    let before = memory.current_usage();
    memory.reset_peak_usage();
    drop(work()?);
    let megabytes = memory.peak_usage().saturating_sub(before) as f64 / 1_000_000.0;
    let mut times = Vec::with_capacity(RUNS);
    let mut worked = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let began = Instant::now();
        let (made, used) = timed(&mut work);
        let passed = began.elapsed();
        let made = made?;
        times.push(passed.as_secs_f64() * 1_000.0);
        worked.push(used.as_secs_f64() * 1_000.0);
        drop(made);
    }
    times.sort_by(f64::total_cmp);
    worked.sort_by(f64::total_cmp);
    let at = |of: &[f64], place: usize| of.get(place).copied().unwrap_or_default();
    Ok(Measured { milliseconds: at(&worked, 0), median: at(&times, RUNS / 2), megabytes })
}

/// What `work` gives, and how long the processor worked on it.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (began, had) = (Instant::now(), processor());
    let made = work();
    let passed = began.elapsed();
    let used = processor().zip(had).map(|(now, then)| now.saturating_sub(then));
    // It is counted in ticks of some milliseconds: what takes few is taken by the clock.
    let used = used.filter(|_| passed > Duration::from_millis(50)).unwrap_or(passed);
    (made, used)
}

/// How long this thread has had a processor, where the system tells.
fn processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
