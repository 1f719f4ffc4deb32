//! Services: methods of the program that a context runs, called by other contexts. See [`Service`].

mod registry;
mod shared;

pub(crate) use registry::perform;
pub use registry::{ServiceError, Services};

use async_trait::async_trait;
use proto::message::ServiceOutcome;
use proto::{Body, ContextId, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::Shared;
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Who may call a method.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Allow {
    /// Every context that may send to this one at all.
    Anyone,
    /// Those above.
    Parents,
    /// These contexts.
    Only(BTreeSet<ContextId>),
}

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The context.
    pub context: ContextId,
    /// Is it above?
    pub above: bool,
}

/// Why a method has no value to return. For a person.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failed(pub String);

/// A group of methods that share a bound on how many of their calls run at once. Whoever comes later waits for its turn.
pub struct Service {
    name: String,
    methods: HashMap<String, Entry>,
    turns: Arc<Semaphore>,
}

struct Entry {
    allow: Allow,
    method: Arc<dyn Method>,
    /// Calls with the same arguments that are under way, if they share one execution.
    shared: Option<Shared>,
}

/// A method whose arguments and value are encoded.
#[async_trait]
trait Method: Send + Sync {
    async fn call(&self, caller: Caller, arguments: Body, limits: Limits) -> ServiceOutcome;
}

struct Typed<F, A> {
    function: F,
    arguments: PhantomData<fn(A)>,
}

impl Service {
    /// A service without methods, of which `at_once` calls may run at the same time.
    #[must_use]
    pub fn new(name: &str, at_once: usize) -> Self {
        Self {
            name: name.to_owned(),
            methods: HashMap::new(),
            turns: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Adds a method. Arguments that are not of its type never reach it.
    #[must_use]
    pub fn method<A, R, F, Running>(self, name: &str, allow: Allow, function: F) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(Caller, A) -> Running + Send + Sync + 'static,
        Running: Future<Output = Result<R, Failed>> + Send + 'static,
    {
        self.add(name, allow, function, None)
    }

    /// The same for a method that is executed once for all those who call it with the same arguments at the same time:
    /// all get the one value. Who calls first must not matter to it.
    #[must_use]
    pub fn shared_method<A, R, F, Running>(self, name: &str, allow: Allow, function: F) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(Caller, A) -> Running + Send + Sync + 'static,
        Running: Future<Output = Result<R, Failed>> + Send + 'static,
    {
        self.add(name, allow, function, Some(Shared::default()))
    }

    fn add<A, R, F, Running>(
        mut self,
        name: &str,
        allow: Allow,
        function: F,
        shared: Option<Shared>,
    ) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(Caller, A) -> Running + Send + Sync + 'static,
        Running: Future<Output = Result<R, Failed>> + Send + 'static,
    {
        let method = Arc::new(Typed {
            function,
            arguments: PhantomData,
        });
        let entry = Entry {
            allow,
            method,
            shared,
        };
        self.methods.insert(name.to_owned(), entry);
        self
    }

    /// Calls a method, if the caller may.
    async fn call(
        &self,
        method: &str,
        caller: Caller,
        arguments: Body,
        limits: Limits,
    ) -> ServiceOutcome {
        let Some(entry) = self.methods.get(method) else {
            return ServiceOutcome::NoMethod;
        };
        if !entry.allow.allows(caller) {
            return ServiceOutcome::Denied;
        }
        let key = entry.shared.as_ref().map(|_| arguments.bytes().clone());
        let work = async {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await;
            entry.method.call(caller, arguments, limits).await
        };
        match (&entry.shared, key) {
            (Some(shared), Some(key)) => shared.once(&key, work).await,
            _ => work.await,
        }
    }
}

impl Allow {
    fn allows(&self, caller: Caller) -> bool {
        match self {
            Self::Anyone => true,
            Self::Parents => caller.above,
            Self::Only(contexts) => contexts.contains(&caller.context),
        }
    }
}

#[async_trait]
impl<A, R, F, Running> Method for Typed<F, A>
where
    A: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(Caller, A) -> Running + Send + Sync + 'static,
    Running: Future<Output = Result<R, Failed>> + Send + 'static,
{
    async fn call(&self, caller: Caller, arguments: Body, limits: Limits) -> ServiceOutcome {
        let decoded = arguments.decode(limits);
        // They are not needed as long as the method runs.
        drop(arguments);
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(error) => return ServiceOutcome::BadArguments(error.to_string()),
        };
        match (self.function)(caller, decoded).await {
            Ok(value) => match Body::new(&value) {
                Ok(body) => ServiceOutcome::Returned(body.bytes().clone()),
                Err(error) => ServiceOutcome::Failed(error.to_string()),
            },
            Err(Failed(why)) => ServiceOutcome::Failed(why),
        }
    }
}
