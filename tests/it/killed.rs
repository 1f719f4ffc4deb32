//! Any member of a tree can be killed or stopped at any time: every call has a fate, the others go on, and nothing that
//! was below is left.

use crate::forest::{
    Guests, Process, add, assert_all_answer, assert_nothing_left, call, guests, left, line,
    master_with, start, until_within,
};
use host::master::{CallResult, Context, Master, Options};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use wasmtime::component::Val;

const HEARTBEAT: Duration = Duration::from_secs(2);
/// What two processors that five others use may take longer.
const MARGIN: Duration = Duration::from_secs(4);
/// How long after the death of a context what was below may be there.
const BURIAL: Duration = Duration::from_secs(5);

const MEMBERS: usize = 12;
/// What is done to one after the other.
const VICTIMS: [Signal; 3] = [Signal::STOP, Signal::KILL, Signal::STOP];

fn master() -> Master {
    master_with(Options {
        heartbeat: HEARTBEAT,
        ..Options::default()
    })
}

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's generator; its upper bits are good enough.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// A context of the tree, and the calls that never cease in it.
struct Member {
    context: Arc<Context>,
    parent: Option<usize>,
    process: Process,
    calls: JoinHandle<()>,
}

/// Calls without end, until one ends as dead. Each must have its fate in time.
async fn call_on(
    context: Arc<Context>,
    guests: Arc<Guests>,
    stop: Arc<AtomicBool>,
    fates: Arc<AtomicUsize>,
) {
    loop {
        let began = Instant::now();
        let quick = add(&context, &guests.calculator, 1, 2);
        let slow = call(
            &context,
            &guests.misbehave,
            "sleep",
            &[Val::U64(30)],
            20_000,
        );
        let (quick, slow) = tokio::join!(quick, slow);
        let took = began.elapsed();
        let id = context.id();
        assert!(took < HEARTBEAT + MARGIN, "a fate of {id:?} took {took:?}");
        fates.fetch_add(2, Ordering::Relaxed);
        match (quick, slow) {
            (CallResult::Returned(Some(Val::S32(3))), CallResult::Returned(None)) => {}
            (CallResult::Dead(_), _) | (_, CallResult::Dead(_)) => return,
            fates => panic!("{id:?}: {fates:?}"),
        }
        if stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// Which members are at or below one.
fn below(members: &[Option<Member>], top: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([top]);
    // Whoever started another has come before it.
    for (i, member) in members.iter().enumerate() {
        let parent = member.as_ref().and_then(|member| member.parent);
        if parent.is_some_and(|parent| found.contains(&parent)) {
            found.insert(i);
        }
    }
    found
}

async fn under_fire(seed: u64) {
    let mut chance = Chance(seed);
    let master = master();
    let guests = Arc::new(guests(&master));
    let (stop, fates) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let mut members: Vec<Option<Member>> = Vec::new();
    let mut all = Vec::new();
    for i in 0..MEMBERS {
        let parent = chance.below(i + 1).checked_sub(1);
        let above = parent.and_then(|parent| members[parent].as_ref());
        let context = start(&master, above.map(|above| &above.context)).await;
        let process = Process::of(&context);
        all.push(process);
        let calls = call_on(context.clone(), guests.clone(), stop.clone(), fates.clone());
        members.push(Some(Member {
            context,
            parent,
            process,
            calls: tokio::spawn(calls),
        }));
    }
    for signal in VICTIMS {
        let living: Vec<_> = (0..MEMBERS).filter(|i| members[*i].is_some()).collect();
        if living.is_empty() {
            break;
        }
        let victim = living[chance.below(living.len())];
        tokio::time::sleep(Duration::from_millis(chance.below(100) as u64)).await;
        strike(&master, &mut members, victim, signal).await;
        let rest: Vec<_> = members
            .iter()
            .flatten()
            .map(|it| it.context.clone())
            .collect();
        assert_all_answer(&rest, &guests.calculator).await;
        assert_eq!(master.contexts().len(), rest.len());
        assert_eq!(master.inspect().routes.len(), rest.len());
    }
    stop.store(true, Ordering::Relaxed);
    let mut rest = Vec::new();
    for member in members.into_iter().flatten() {
        member.calls.await.unwrap();
        rest.push(member.context);
    }
    assert!(fates.load(Ordering::Relaxed) > MEMBERS);
    crate::forest::end(rest).await;
    assert_nothing_left(&master, &all);
}

/// Kills or stops one, and sees that all that were below go, and nobody else.
async fn strike(master: &Master, members: &mut [Option<Member>], victim: usize, signal: Signal) {
    let lost = below(members, victim);
    let lost: Vec<_> = lost.into_iter().filter_map(|i| members[i].take()).collect();
    let what = format!("{signal:?} of {:?}", lost[0].context.id());
    lost[0].process.signal(signal);
    until_within(HEARTBEAT + MARGIN, &what, async || {
        let there = master.contexts();
        let is_there = |lost: &Member| there.iter().any(|(id, _)| *id == lost.context.id());
        !lost.iter().any(is_there)
    })
    .await;
    let processes: Vec<_> = lost.iter().map(|it| it.process).collect();
    for member in lost.into_iter().rev() {
        member.calls.await.unwrap();
        // The master keeps the processes of its own children until it is told that nobody wants them.
        drop(member.context);
    }
    until_within(
        BURIAL,
        &format!("the end of all below, after {what}"),
        async || left(&processes).is_empty(),
    )
    .await;
}

#[tokio::test]
async fn members_of_a_tree_are_killed_and_stopped_under_load() {
    under_fire(1).await;
}

#[tokio::test]
async fn members_of_another_tree_are_killed_and_stopped_under_load() {
    under_fire(2).await;
}

#[tokio::test]
async fn members_of_a_third_tree_are_killed_and_stopped_under_load() {
    under_fire(3).await;
}

#[tokio::test]
async fn a_stopped_process_below_a_killed_one_goes_too() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 3).await;
    assert_all_answer(&line, &guests.calculator).await;
    let processes: Vec<_> = line.iter().map(|it| Process::of(it)).collect();
    processes[2].signal(Signal::STOP);
    processes[1].signal(Signal::KILL);
    until_within(HEARTBEAT + MARGIN, "both are gone", async || {
        master.contexts().len() == 1
    })
    .await;
    until_within(BURIAL, "both processes end", async || {
        left(&processes[1..]).is_empty()
    })
    .await;
    assert_all_answer(&line[..1], &guests.calculator).await;
    crate::forest::end(line).await;
    assert_nothing_left(&master, &processes);
}
