//! Trees of real contexts, and the processes that they are.

use crate::support::{example, home};
use futures_util::future::join_all;
use host::master::{CallResult, Context, Master, Options};
use host::module::Module;
use proto::{CallLimits, ContextId, Policy};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

/// How long something may take that happens by itself.
pub const SOON: Duration = Duration::from_secs(10);

pub fn master() -> Master {
    master_with(Options::default())
}

pub fn master_with(options: Options) -> Master {
    host::testing::master_with(home(), options).unwrap()
}

/// The modules that most tests call.
pub struct Guests {
    pub calculator: Arc<Module>,
    pub misbehave: Arc<Module>,
}

pub fn guests(master: &Master) -> Guests {
    let find = |name| master.repository().find(&example(name)).unwrap();
    Guests {
        calculator: find("calculator"),
        misbehave: find("misbehave"),
    }
}

/// A child of the master, or of another context.
pub async fn start(master: &Master, parent: Option<&Arc<Context>>) -> Arc<Context> {
    let local = "local".parse().unwrap();
    let started = match parent {
        None => master.connect(&local).await,
        Some(parent) => master.connect_via(parent, &local).await,
    };
    Arc::new(started.unwrap())
}

/// Contexts each of which has started the next one.
pub async fn line(master: &Master, count: usize) -> Vec<Arc<Context>> {
    let mut line: Vec<Arc<Context>> = Vec::new();
    for _ in 0..count {
        let next = start(master, line.last()).await;
        line.push(next);
    }
    line
}

/// Ends all contexts, those first that came last, and gives their processes.
pub async fn end(contexts: Vec<Arc<Context>>) -> Vec<Process> {
    let processes: Vec<_> = contexts.iter().map(|it| Process::of(it)).collect();
    for context in contexts.into_iter().rev() {
        if let Some(context) = Arc::into_inner(context) {
            context.shutdown().await;
        }
    }
    processes
}

/// Nothing of a tree is left: neither in the master nor of the processes.
#[track_caller]
pub fn assert_nothing_left(master: &Master, processes: &[Process]) {
    assert_eq!(master.contexts(), []);
    let state = master.inspect();
    assert_eq!((state.requests, state.channels), (0, 0), "{state:?}");
    assert_eq!((&*state.links, &*state.routes), (&[][..], &[][..]));
    // The guard of a slave's commands and children ends a moment after the slave.
    let deadline = Instant::now() + Duration::from_secs(3);
    while !left(processes).is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(left(processes), Vec::<u32>::new());
}

/// A call under no policy.
pub async fn call(
    context: &Context,
    module: &Arc<Module>,
    name: &str,
    args: &[Val],
    wall_ms: u64,
) -> CallResult {
    let limits = CallLimits {
        wall_ms,
        ..CallLimits::default()
    };
    let function = module.function(name).unwrap();
    let policy = Policy::default();
    let called = context.call(module, &function, args, policy, limits);
    called.await.unwrap()
}

/// The sum of two numbers, with plenty of time.
pub async fn add(context: &Context, calculator: &Arc<Module>, a: i32, b: i32) -> CallResult {
    call(
        context,
        calculator,
        "add",
        &[Val::S32(a), Val::S32(b)],
        20_000,
    )
    .await
}

/// All of them answer, asked at once.
pub async fn assert_all_answer(contexts: &[Arc<Context>], calculator: &Arc<Module>) {
    let sums = (0..).zip(contexts).map(|(i, it)| add(it, calculator, i, 1));
    for (i, sum) in (0..).zip(join_all(sums).await) {
        let expected = CallResult::Returned(Some(Val::S32(i + 1)));
        assert_eq!(sum, expected, "{:?}", contexts[i as usize].id());
    }
}

/// The ids of contexts, in order.
pub fn ids(contexts: &[Arc<Context>]) -> Vec<ContextId> {
    let mut ids: Vec<_> = contexts.iter().map(|it| it.id()).collect();
    ids.sort();
    ids
}

/// Waits until it is so.
pub async fn until(what: &str, is: impl AsyncFnMut() -> bool) {
    until_within(SOON, what, is).await;
}

/// Waits until it is so, and no longer than that.
pub async fn until_within(patience: Duration, what: &str, mut is: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is().await {
        assert!(
            start.elapsed() < patience,
            "{what}: not within {patience:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process, which its number alone is not: that is given to others when it has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Process {
    pub pid: u32,
    started: u64,
}

impl Process {
    pub fn of(context: &Context) -> Self {
        Self::with(context.hello().pid).unwrap_or(Self {
            pid: context.hello().pid,
            started: 0,
        })
    }

    pub fn with(pid: u32) -> Option<Self> {
        let started = stat(pid)?.get(19)?.parse().ok()?;
        Some(Self { pid, started })
    }

    /// Is it there? A zombie is.
    pub fn exists(self) -> bool {
        Self::with(self.pid) == Some(self)
    }

    /// What it has computed, in hundredths of a second.
    pub fn ticks(self) -> u64 {
        let stat = stat(self.pid).unwrap_or_default();
        let field = |at: usize| stat.get(at).and_then(|text| text.parse::<u64>().ok());
        field(11).unwrap_or(0) + field(12).unwrap_or(0)
    }

    /// The most memory that it ever had resident, in KiB.
    pub fn peak(self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let number = line.and_then(|line| line.split_ascii_whitespace().nth(1));
        number.unwrap().parse().unwrap()
    }

    pub fn signal(self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

/// What the system says of a process behind its name, which may contain anything: the state, and so on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

/// Those of these processes that there still are, and all whose titles say that they serve one of them.
pub fn left(processes: &[Process]) -> Vec<u32> {
    let there = processes.iter().filter(|it| it.exists()).map(|it| it.pid);
    let mut left: Vec<u32> = there.collect();
    let serves = |title: &str| {
        let ends = |it: &Process| {
            title.ends_with(&format!(":{}", it.pid)) || title.ends_with(&format!(" {}", it.pid))
        };
        title.starts_with("zymogen-slave:") && processes.iter().any(ends)
    };
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let title = line.split(|byte| *byte == 0).next().unwrap_or_default();
        if serves(&String::from_utf8_lossy(title)) && !left.contains(&pid) {
            left.push(pid);
        }
    }
    left
}
