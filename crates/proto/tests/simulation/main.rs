//! A tree of contexts in one thread, under virtual time, with everything that goes wrong between them.
//!
//! Routers, headers, decoders and the accounts of credit are the real ones. Links deliver bytes chopped and late, are
//! slow, are cut, fall silent and carry garbage; contexts of trees up to six deep start others, call, ask where they may
//! not, send streams to each other, give up, leave, end, and some of them may be hostile. `model/` says for each event
//! what the router that has it must do; `checkers.rs` watches what comes out at the ends; neither knows what the
//! scenario did it for.
//!
//! `SEEDS=n` runs so many seeds, and `SEED=n cargo test -p proto --test simulation` replays one seed and prints what happens.

mod acts;
mod channels;
mod checkers;
mod churn;
mod harm;
mod hostile;
mod links;
mod model;
mod network;
mod node;
mod receivers;
mod rest;
#[path = "../support/rng.rs"]
mod rng;
mod scenario;
mod seen;
mod shell;
mod tree;
mod world;

use seen::Seen;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use world::World;

const SEEDS: u64 = 10_000;

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().expect("it is a number"))
}

#[test]
fn every_seed_keeps_the_invariants() {
    if let Some(seed) = number("SEED") {
        World::new(seed, true).run();
        return;
    }
    // Each tree has one thread, but there are many trees.
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let some = |first| move || (first..seeds).step_by(threads).map(run).collect::<Vec<_>>();
        let workers: Vec<_> = (0..threads as u64)
            .map(|first| scope.spawn(some(first)))
            .collect();
        for worker in workers {
            let seeds = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            seeds.iter().for_each(|one| seen.add(one));
        }
    });
    seen.assert_nothing_was_missed();
}

fn run(seed: u64) -> Seen {
    catch_unwind(AssertUnwindSafe(|| World::new(seed, false).run())).unwrap_or_else(|panic| {
        eprintln!("replay: SEED={seed} cargo test -p proto --test simulation");
        resume_unwind(panic)
    })
}
