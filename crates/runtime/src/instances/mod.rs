//! Instances that live on between the calls of one caller, with all that they remember: their memory, and the resources
//! that they have handed out.
//!
//! Whoever calls names an instance by a number of its own. The first call makes it; its module, policy and memory are those
//! of that call. Async functions run in it concurrently, others one after the other. It ends when its caller says so or is gone, and
//! with the first call in it that ends otherwise than by returning: nobody knows what state that has left behind.

mod call;
mod clock;
mod live;
mod resources;

use live::{Job, Work};

use crate::value;
use clock::Clock;
use proto::message::{Call, ModuleRef};
use proto::{CallLimits, ContextId, Policy};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use wasmtime::component::{Type, Val};

/// Instances that may live at once.
const MAX_INSTANCES: usize = 64;

/// Calls that wait to be begun in one instance. Who comes later waits for a place.
const WAITING: usize = 16;

/// What no component exports: drops the resource whose number is the one argument.
const DROP_RESOURCE: &str = "[resource-drop]";

/// Ends the instance.
const END: &str = "[instance-drop]";

/// The results of a function without any: an empty CBOR array.
const NOTHING: &[u8] = &[0x80];

/// The one argument, if it is a number.
fn number(mut arguments: &[u8]) -> Option<u64> {
    let slots = [("number", Type::U64)];
    match value::decode_all(&slots, &mut arguments).ok()?.as_slice() {
        [Val::U64(number)] if arguments.is_empty() => Some(*number),
        _ => None,
    }
}

/// Whose instance it is, and by which number.
pub(crate) type Key = (ContextId, u64);

/// The instances of a process.
#[derive(Default)]
pub(crate) struct Instances {
    alive: Mutex<BTreeMap<Key, Alive>>,
}

/// An instance as those see it who call it.
#[derive(Clone)]
struct Alive {
    module: ModuleRef,
    policy: Policy,
    limits: CallLimits,
    jobs: mpsc::Sender<Job>,
    ended: Arc<Mutex<Option<String>>>,
    stop: Arc<Notify>,
}

/// Where an instance takes its work from.
pub(crate) struct Inside {
    pub(crate) jobs: mpsc::Receiver<Job>,
    pub(crate) clock: Clock,
    /// Says that it is to end, whatever is under way in it.
    pub(crate) stop: Arc<Notify>,
    ended: Arc<Mutex<Option<String>>>,
}

/// The way into an instance.
pub(crate) struct Entrance {
    pub(crate) jobs: mpsc::Sender<Job>,
    ended: Arc<Mutex<Option<String>>>,
    /// What has to be driven, if this call is its first.
    pub(crate) new: Option<Inside>,
}

impl Instances {
    /// The instance of a call, made if it is new.
    ///
    /// # Errors
    /// If there are too many, or it is another's module or has another policy.
    pub(crate) fn enter(&self, key: Key, call: &Call) -> Result<Entrance, String> {
        let mut all = self.lock();
        all.retain(|_, alive| !alive.jobs.is_closed());
        if let Some(alive) = all.get(&key) {
            if alive.module.digest != call.module.digest {
                return Err(format!(
                    "the instance is one of module `{}`",
                    alive.module.name
                ));
            }
            let same = alive.policy == call.policy
                && alive.limits.memory_bytes == call.limits.memory_bytes
                && alive.limits.output_bytes == call.limits.output_bytes;
            if !same {
                return Err("the instance was made under another policy or other limits".to_owned());
            }
            return Ok(Entrance {
                jobs: alive.jobs.clone(),
                ended: alive.ended.clone(),
                new: None,
            });
        }
        if all.len() >= MAX_INSTANCES {
            return Err(format!(
                "{MAX_INSTANCES} instances live in this context already; end some of them"
            ));
        }
        let (jobs, inside) = mpsc::channel(WAITING);
        let (ended, stop) = (Arc::default(), Arc::new(Notify::new()));
        let alive = Alive {
            module: call.module.clone(),
            policy: call.policy.clone(),
            limits: call.limits,
            jobs: jobs.clone(),
            ended: Arc::clone(&ended),
            stop: stop.clone(),
        };
        all.insert(key, alive);
        Ok(Entrance {
            jobs,
            ended: Arc::clone(&ended),
            new: Some(Inside {
                jobs: inside,
                clock: Clock::default(),
                stop,
                ended,
            }),
        })
    }

    /// Ends an instance, if there is one, with all that is under way in it.
    pub(crate) fn end(&self, key: Key) {
        if let Some(alive) = self.lock().remove(&key) {
            alive.stop.notify_one();
        }
    }

    /// Does none live?
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().values().all(|alive| alive.jobs.is_closed())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Alive>> {
        // Nothing panics while it is held.
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entrance {
    /// Why the instance takes no more work.
    pub(crate) fn ended(&self) -> String {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.clone().unwrap_or_else(|| "it was ended".to_owned())
    }
}

impl Inside {
    /// Where to say why it ends.
    pub(crate) fn end(&self) -> End {
        End(self.ended.clone())
    }
}

/// Says why an instance ends, to those who still wait for something in it.
pub(crate) struct End(Arc<Mutex<Option<String>>>);

impl End {
    pub(crate) fn say(&self, why: String) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get_or_insert(why);
    }
}
