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
    /// Of these, files for all contexts behind one link together, unless they are above: one hostile child does not hold
    /// them all.
    pub(crate) per_peer: usize,
    /// For how long the next piece of a file may not come. One that is to be taken has four times as long: whoever takes
    /// pieces says so when a megabyte has come, and others may share its line.
    pub(crate) idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            open: 256,
            per_peer: 32,
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

/// The files that are open, by the neighbour behind which they are wanted. None: above.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    peers: BTreeMap<Option<ContextId>, usize>,
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
    peer: Option<ContextId>,
}

impl Room {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let count = Arc::default();
        Self { bounds, count }
    }

    /// Room for one file more, or why there is none.
    pub(crate) fn take(&self, broker: &Broker, caller: Caller) -> Result<Open, String> {
        let Bounds { open, per_peer, .. } = self.bounds;
        let below = || broker.towards(caller.context);
        let peer = if caller.above { None } else { below() };
        let mut count = self.lock();
        let mine = count.peers.get(&peer).copied().unwrap_or_default();
        let full = if count.all >= open {
            Some(open)
        } else {
            (peer.is_some() && mine >= per_peer).then_some(per_peer)
        };
        if let Some(full) = full {
            return Err(format!(
                "{full} files are open already: try again when one of them is done"
            ));
        }
        count.all += 1;
        count.peers.insert(peer, mine + 1);
        let room = self.clone();
        Ok(Open { room, peer })
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
        if let Some(mine) = count.peers.get_mut(&self.peer) {
            *mine -= 1;
            if *mine == 0 {
                count.peers.remove(&self.peer);
            }
        }
    }
}
