//! What every command that works needs: modules, images, a master, threads. Each is made when it is asked for.

use crate::build::{Images, Progress, Sources, StdModules, user_cache};
use crate::error::{Error, Exit};
use crate::master::{LogSink, Master, Options};
use crate::module::Repository;
use crate::module::compile::Compiler;
use crate::output::Screen;
use crate::output::style::{self, paint};
use crate::output::text::printable;
use crate::registry::Registries;
use runtime::Artifacts;
use std::io::{self, Write};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::prelude::*;

/// Overrides what -v says about the notes of the master itself: `debug`, `host=trace,connect=debug`.
const LOG: &str = "ZYMOGEN_LOG";

/// Where modules and images come from.
pub(super) struct Start {
    repository: Arc<Repository>,
    images: Arc<Images>,
}

impl Start {
    /// Looks for nothing yet. From now on the notes of the master go to the screen.
    ///
    /// # Errors
    /// If this program is a bundle that was damaged.
    pub(super) fn new(screen: &Arc<Screen>, verbosity: u8) -> Result<Self, Error> {
        listen(screen, verbosity);
        let progress = building(screen);
        let artifacts = user_cache().map(|cache| Artifacts::open(&cache.join("compiled")));
        let artifacts = artifacts.and_then(|opened| {
            opened
                .inspect_err(|error| tracing::warn!("compiled modules are not kept: {error}"))
                .ok()
        });
        let sources = Sources::from_env()?;
        let std_modules = StdModules::new(sources.clone(), progress.clone());
        let repository = Repository::new(std_modules, Compiler::new(artifacts));
        let registries = Registries::new(progress.clone());
        Ok(Self {
            repository: Arc::new(repository.with_registries(registries)),
            images: Arc::new(Images::new(sources, progress)),
        })
    }

    /// The modules that there are.
    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Finds or builds the slave for this machine, so that nobody waits for that in the middle of the work.
    pub(super) fn images(&self) -> Result<(), Error> {
        self.images.offer()?;
        Ok(())
    }

    /// A master. Must be called inside a tokio runtime.
    pub(super) fn master(&self, log: Arc<dyn LogSink>, options: Options) -> Master {
        let (repository, images) = (self.repository.clone(), self.images.clone());
        Master::new(repository, images, log, options)
    }
}

/// Shows on the screen what is being built.
pub(super) fn building(screen: &Arc<Screen>) -> Arc<dyn Progress> {
    Arc::new(Building(screen.clone()))
}

/// The threads that connections live on.
pub(super) fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed("cannot start threads", &error))
}

/// Something that is neither the user's nor a host's fault.
pub(super) fn failed(message: &str, error: &dyn std::error::Error) -> Error {
    Error::new(Exit::Failed, message).because(error)
}

/// Shows what is being built, as a transient line or, without a terminal, as lines that stay.
struct Building(Arc<Screen>);

impl Progress for Building {
    fn step(&self, text: &str) {
        if self.0.is_live() {
            self.0.status(text);
        } else {
            self.note(text);
        }
    }

    fn done(&self) {
        self.0.clear();
    }

    fn note(&self, text: &str) {
        self.0.clear();
        self.0.note(&format!("{}\n", paint(style::DIM, text)));
    }
}

/// Lets warnings of the master itself through, more with -v.
pub(super) fn listen(screen: &Arc<Screen>, verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let wanted = std::env::var(LOG).ok().and_then(|text| text.parse().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(level));
    let layer = fmt::layer()
        .with_writer(Notes(screen.clone()))
        .with_ansi(false)
        .without_time()
        .with_filter(filter);
    let subscriber = tracing_subscriber::registry().with(layer);
    // A second command in the same process, as in tests, keeps the first one's.
    let _ = subscriber.try_init();
}

/// Standard error, around the transient line.
struct Notes(Arc<Screen>);

impl<'a> MakeWriter<'a> for Notes {
    type Writer = Note;

    fn make_writer(&'a self) -> Note {
        Note(self.0.clone())
    }
}

struct Note(Arc<Screen>);

impl Write for Note {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // It may quote what a host said.
        for text in String::from_utf8_lossy(line).lines() {
            self.0.note(&format!("{}\n", printable(text)));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
