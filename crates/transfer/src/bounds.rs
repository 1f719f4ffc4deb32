//! What a file service takes upon itself: how many files for whom, and for how long without anything happening.

use broker::{Broker, Caller};
use proto::ContextId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The bounds of one service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Files that are open at once. A transfer takes as long as its other side likes, so that the next one is refused
    /// instead of waiting for it.
    pub(crate) open: usize,
    /// Of these, files for one context, unless it is above: none holds all that others over the same link may have.
    pub(crate) per_context: usize,
    /// Files for all such contexts behind one link together: one hostile child does not hold them all, whomever it lets
    /// come. Fewer than the calls that may be under way for them, so that others find place beside transfers.
    pub(crate) per_link: usize,
    /// For how long the next piece of a file may not come. One that is to be taken has four times as long: whoever takes
    /// pieces says so when a megabyte has come, and others may share its line.
    pub(crate) idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            open: 256,
            per_context: 32,
            per_link: 48,
            idle: Duration::from_secs(60),
        }
    }
}

/// Bytes a second that each side hashes at the least, of what was there when a transfer goes on.
const HASHED: u64 = 16 << 20;

/// For how long a transfer waits for its other side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until the first piece, and until each of the others.
    pub(crate) first: Duration,
    pub(crate) then: Duration,
}

impl Bounds {
    /// With whoever sends a file from there on.
    pub(crate) fn with_writer(&self, offset: u64) -> Patience {
        let then = self.idle;
        // Before that it reads what comes before.
        let first = then + Duration::from_secs(offset / HASHED);
        Patience { first, then }
    }

    /// With whoever takes a file from there on.
    pub(crate) fn with_reader(&self, offset: u64) -> Patience {
        let idle = self.idle * 4;
        Self { idle, ..*self }.with_writer(offset)
    }
}

/// For whom a file is open, if not for a context above: the neighbour behind which it is wanted, and by which context.
type User = (Option<ContextId>, ContextId);

/// The files that are open.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    users: BTreeMap<User, usize>,
}

impl Count {
    /// The bound that one file more would pass.
    fn full(&self, bounds: &Bounds, user: Option<User>) -> Option<usize> {
        if self.all >= bounds.open {
            return Some(bounds.open);
        }
        let user = user?;
        let (peer, _) = user;
        let behind = (peer, ContextId::MASTER)..=(peer, ContextId::UNASSIGNED);
        let of_link: usize = self.users.range(behind).map(|(_, files)| files).sum();
        if of_link >= bounds.per_link {
            return Some(bounds.per_link);
        }
        let mine = self.users.get(&user).copied().unwrap_or_default();
        (mine >= bounds.per_context).then_some(bounds.per_context)
    }
}

/// Counts files that are open. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    bounds: Bounds,
    count: Arc<Mutex<Count>>,
}

/// One file that is open.
#[derive(Debug)]
pub(crate) struct Open {
    room: Room,
    user: Option<User>,
}

impl Room {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let count = Arc::default();
        Self { bounds, count }
    }

    /// Room for one file more, or why there is none.
    pub(crate) fn take(&self, broker: &Broker, caller: Caller) -> Result<Open, String> {
        let Caller { context, above } = caller;
        let user = (!above).then(|| (broker.towards(context), context));
        let mut count = self.lock();
        if let Some(full) = count.full(&self.bounds, user) {
            return Err(format!(
                "{full} files are open already: try again when one of them is done"
            ));
        }
        count.all += 1;
        if let Some(user) = user {
            *count.users.entry(user).or_default() += 1;
        }
        let room = self.clone();
        Ok(Open { room, user })
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        // Nothing panics while it is held.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut count = self.room.lock();
        count.all -= 1;
        if let Some(user) = self.user
            && let Some(files) = count.users.get_mut(&user)
        {
            *files -= 1;
            if *files == 0 {
                count.users.remove(&user);
            }
        }
    }
}
