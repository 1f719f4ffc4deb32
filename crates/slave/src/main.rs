//! The slave: a small static wasmtime host without a compiler.
//!
//! Its standard streams lead to whoever started it. It says HELLO, is told who it is, executes calls
//! until it is told to end or its parent is gone, and leaves nothing running.
//!
//! The same program is the guard that ends a slave's commands if the slave is killed: `guard`.
//!
//! The broker has this thread; guests have threads of their own, so that one that spins delays no message. Only
//! a call that most likely ends at once begins here, and moves if it does not.

#[cfg(panic = "abort")]
mod backtrace;
mod children;
mod context;
mod guard;
mod identity;
mod image;
mod launch;
mod logger;
mod parent;
mod service;
mod stdio;
mod streams;
mod watchdog;

use proto::message::Welcome;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime;

/// Guests that have not stopped by then go with the process.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// musl's own allocator maps and unmaps memory several times in each call, and waits each time until all
/// processors know.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The most guests that compute at the same time.
const MAX_WORKERS: usize = 8;

/// Guests that compute yield every 2 ms at most. Where all threads have one, deadlines and the pipes of commands
/// are looked at after so many of these turns.
const EVENT_INTERVAL: u32 = 16;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(guard::ARGUMENT) {
        guard::stand();
        return ExitCode::SUCCESS;
    }
    let arguments = match identity::Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => return fail(&error),
    };
    // Never returns if it succeeds; if it does, only the name in `ps` is less pretty.
    identity::take_title(&arguments);
    identity::die_with_parent();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn run(arguments: &identity::Arguments) -> std::io::Result<()> {
    // What guests make has the mode that they ask for, whatever the login shell thinks of it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let home = identity::Home::find(arguments);
    let streams = stdio::take()?;
    let io = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let guests = runtime::Builder::new_multi_thread()
        .thread_name("guests")
        .worker_threads(workers())
        .event_interval(EVENT_INTERVAL)
        .enable_all()
        .build()?;
    let served = io.block_on(service::serve(streams, &home, guests.handle().clone()));
    guests.shutdown_timeout(LAST_WORDS);
    served
}

/// A thread for each processor, up to what a machine with many can spare for its guest.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(MAX_WORKERS))
}

fn fail(error: &str) -> ExitCode {
    eprintln!("zymogen-slave: {error}");
    ExitCode::FAILURE
}

/// How long the parent may take to say WELCOME.
const WELCOME_DEADLINE: Duration = Duration::from_secs(60);

/// The limits that hold before the WELCOME has said others: it is itself short.
fn handshake_limits() -> proto::Limits {
    proto::Limits { max_body: 64 << 10 }
}

/// The limits that a WELCOME sets.
fn limits(welcome: &Welcome) -> proto::Limits {
    proto::Limits {
        max_body: welcome.max_body,
    }
}
