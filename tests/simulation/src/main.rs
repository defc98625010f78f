//! Runs random cases: `cargo run -p simulation --release -- --seeds 20000`, or one of them again: `-- --seed 7`.

#![allow(clippy::print_stdout, reason = "what it is for")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use simulation::case::{Case, Covered, Failure};
use simulation::random::case;
use simulation::shrink::shrink;

/// Runs random cases of stacks, deployments and faults against the simulated AWS.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 400)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed, exactly, with everything that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Go on after a failure, and count.
    #[arg(long)]
    all: bool,
    /// Do not look for a smaller case that fails.
    #[arg(long)]
    unshrunk: bool,
}

fn run(case: &Case, keeps_log: bool) -> Result<Covered, Failure> {
    case.run(keeps_log, &|_| Vec::new())
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(seed) = options.seed {
        return match run(&case(seed), true) {
            Ok(covered) => {
                println!("seed {seed} holds: {covered:?}");
                ExitCode::SUCCESS
            }
            Err(_) => {
                tell(seed, !options.unshrunk, true);
                ExitCode::FAILURE
            }
        };
    }
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let total = Mutex::new(Covered::default());
    let began = Instant::now();
    let seeds = usize::try_from(options.seeds).unwrap_or(usize::MAX);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let is_enough = !options.all && failed.lock().is_ok_and(|failed| !failed.is_empty());
                    if at >= seeds || is_enough {
                        return;
                    }
                    let seed = options.from + u64::try_from(at).unwrap_or(0);
                    match run(&case(seed), false) {
                        Ok(covered) => drop(total.lock().map(|mut total| add(&mut total, covered))),
                        Err(failure) => drop(failed.lock().map(|mut failed| failed.push((seed, failure)))),
                    }
                    if at > 0 && at.is_multiple_of(1_000) {
                        println!("{at} seeds, {:.0?}", began.elapsed());
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap_or_default();
    let total = total.into_inner().unwrap_or_default();
    failed.sort_by_key(|(seed, _)| *seed);
    println!("{seeds} seeds from {}: {} failed, {:.1?}", options.from, failed.len(), began.elapsed());
    println!("{total:?}");
    for (seed, failure) in failed.iter() {
        println!("seed {seed}, revision {}: {}", failure.revision, failure.what.join("; "));
    }
    match failed.first() {
        None => ExitCode::SUCCESS,
        Some((seed, _)) => {
            tell(*seed, !options.unshrunk, false);
            ExitCode::FAILURE
        }
    }
}

fn add(total: &mut Covered, one: Covered) {
    total.done += one.done;
    total.parts += one.parts;
    total.refused += one.refused;
    total.alone += one.alone;
    total.half_done += one.half_done;
    total.failed += one.failed;
    total.rolled_back += one.rolled_back;
    total.stuck += one.stuck;
    total.back += one.back;
    total.cancelled += one.cancelled;
    total.invocations += one.invocations;
    total.calls += one.calls;
}

/// Prints a case that fails, made as small as it gets.
fn tell(seed: u64, shrinks: bool, with_log: bool) {
    let whole = case(seed);
    let kind = run(&whole, false).err().map(|failure| failure.kind());
    let fails = |case: &Case| run(case, false).err().map(|failure| failure.kind()) == kind;
    let small = if shrinks { shrink(&whole, &fails) } else { whole };
    println!("\nseed {seed}, as small as it gets: slice {:?}, {:?}", small.slice, small.options);
    println!("failures are {}", if small.undoes { "undone" } else { "left" });
    println!("frozen invocations are {}", if small.waits_for_frozen { "waited for" } else { "given up" });
    for (n, revision) in small.revisions.iter().enumerate() {
        println!("revision {}: {:?}{}", n + 1, revision.request, if revision.reaps { ", and reaped" } else { "" });
        if !revision.only.is_all() {
            println!("  only {:?}", revision.only.0);
        }
        for (address, one) in &revision.desired.resources {
            let agent = one.agent.as_deref().unwrap_or("-");
            println!("  {address} {} {} {:?} of {agent}", one.kind, one.properties.to_value(), one.retention);
        }
        for (from, to) in &revision.desired.moved {
            println!("  moved {from} to {to}");
        }
        for (call, fault) in &revision.faults {
            println!("  call {call}: {fault:?}");
        }
        for weather in &revision.weather {
            println!("  {weather:?}");
        }
        if !revision.doubled.is_empty() || revision.repeated {
            println!(
                "  invocations made twice: {:?}, the first again at the end: {}",
                revision.doubled, revision.repeated
            );
        }
        if let Some(after) = revision.cancelled {
            println!("  cancelled after {after:?}");
        }
    }
    if let Err(failure) = run(&small, true) {
        println!("revision {}: {}", failure.revision, failure.what.join("\n  "));
        if with_log {
            failure.log.iter().for_each(|line| println!("{line}"));
        }
    }
}
