//! Modules in registries of the OCI: pulled, pushed, and pinned by a lock file.
//!
//! | file | what |
//! |---|---|
//! | [`mod@reference`], [`mod@digest`] | what names a module in a registry, and what pins it |
//! | [`mod@lock`] | `zymogen.lock`: tags that stay what they were |
//! | [`mod@pull`], [`mod@push`] | from a registry, and to one |
//! | [`mod@manifest`] | the layout that a component has there |
//! | [`mod@session`] | a conversation with a registry, with bounds for all that it says |
//! | [`mod@credentials`] | what `docker login` left |
//! | [`mod@failure`], [`mod@error`] | what can go wrong, and what to do about it |
//!
//! It does not know what a component is good for.

mod credentials;
mod digest;
mod error;
mod failure;
mod lock;
mod manifest;
mod pull;
mod push;
mod reference;
mod session;
#[cfg(test)]
mod tests;

pub use digest::Digest;
pub use error::RegistryError;
pub use lock::Lock;
pub use manifest::World;
pub use push::Artifact;
pub use reference::Reference;

use crate::build::{Progress, Silent, UserCache};
use bytes::Bytes;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where components that were pulled are kept, below the user's cache directory.
const CACHE: &str = "registry";

/// All registries, and what is locked of them.
pub struct Registries {
    progress: Arc<dyn Progress>,
    pins: OnceLock<Pins>,
}

struct Pins {
    /// None: there is no place for one.
    lock: Option<Mutex<Lock>>,
    /// Is everything locked that may be used?
    only: bool,
}

impl Default for Registries {
    fn default() -> Self {
        Self::new(Arc::new(Silent))
    }
}

impl Registries {
    /// Looks for nothing yet.
    #[must_use]
    pub fn new(progress: Arc<dyn Progress>) -> Self {
        Self {
            progress,
            pins: OnceLock::new(),
        }
    }

    /// From now on tags stand for what is locked, and what is not is added to the lock; or, with `only`, refused. To be
    /// called once, before the first of them.
    pub fn pin(&self, lock: Option<Lock>, only: bool) {
        let lock = lock.map(Mutex::new);
        // A second lock would say something else of modules that were found with the first.
        let _ = self.pins.set(Pins { lock, only });
    }

    /// Writes what was added to the lock.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self) -> Result<(), RegistryError> {
        let lock = self.pins.get().and_then(|pins| pins.lock.as_ref());
        let lock = lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        lock.map_or(Ok(()), |mut lock| lock.save())
    }

    /// The component that a reference stands for: from the cache, or pulled. Blocks.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn component(&self, reference: &Reference) -> Result<Bytes, RegistryError> {
        let digest = match reference.digest() {
            Some(digest) => digest.clone(),
            None => self.pinned(reference)?,
        };
        let pinned = reference.at(digest.clone());
        let pulled = blocking(reference, || async {
            let cache = UserCache::open(CACHE);
            pull::pull(&pinned, &digest, &cache, &*self.progress).await
        });
        self.progress.done();
        pulled
    }

    fn pinned(&self, reference: &Reference) -> Result<Digest, RegistryError> {
        let Some(pins) = self.pins.get() else {
            let digest = self.resolve(reference)?;
            let note = format!("{reference} is {digest} now; `@` and that behind it pin it");
            self.progress.note(&note);
            return Ok(digest);
        };
        let lock = pins.lock.as_ref();
        let mut lock = lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let known = lock.as_ref().and_then(|lock| lock.digest(reference));
        if let Some(digest) = known {
            return Ok(digest.clone());
        }
        if pins.only {
            return Err(RegistryError::NotLocked {
                reference: Box::new(reference.clone()),
                path: lock.map(|lock| lock.path().to_owned()),
            });
        }
        let digest = self.resolve(reference)?;
        if let Some(lock) = &mut lock {
            lock.set(reference.clone(), digest.clone());
        }
        Ok(digest)
    }

    /// What a tag stands for now, whatever is locked. Blocks.
    ///
    /// # Errors
    /// If the registry does not say, or something else than a module is there.
    pub fn resolve(&self, reference: &Reference) -> Result<Digest, RegistryError> {
        self.progress.step(&format!("asking for {reference}"));
        let resolved = blocking(reference, || async {
            let cache = UserCache::open(CACHE);
            pull::resolve(reference, &cache).await
        });
        self.progress.done();
        resolved
    }

    /// Pushes a component, and gives the reference that pins it. Blocks.
    ///
    /// # Errors
    /// If the registry does not take it.
    pub fn push(
        &self,
        reference: &Reference,
        artifact: Artifact<'_>,
    ) -> Result<Reference, RegistryError> {
        if reference.digest().is_some() {
            return Err(RegistryError::PushToDigest {
                reference: Box::new(reference.clone()),
            });
        }
        self.progress.step(&format!("pushing {reference}"));
        let pushed = blocking(reference, || push::push(reference, artifact));
        self.progress.done();
        Ok(reference.at(pushed?))
    }
}

/// Talks to a registry on a thread of its own: the caller may have an event loop already, and a client that
/// panics at what a registry answers ends that thread only.
fn blocking<T: Send, F: Future<Output = Result<T, RegistryError>>>(
    reference: &Reference,
    work: impl FnOnce() -> F + Send,
) -> Result<T, RegistryError> {
    let failed = |error| RegistryError::Io {
        what: "cannot talk to a registry".to_owned(),
        error,
    };
    let talk = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.map_err(failed)?.block_on(work())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, talk);
        let ended = thread.map_err(failed)?.join();
        ended.unwrap_or_else(|_| {
            Err(RegistryError::Answer {
                reference: Box::new(reference.clone()),
                why: "it makes no sense".to_owned(),
            })
        })
    })
}
