//! Calling a function in a context, and what can come of it.

use super::Context;
use super::context::Shared;
use super::guests::Held;
use super::streams::{Feed, Feeding, Found, Incoming, Streaming};
use crate::error::Fate;
use crate::module::{Function, Module, ModuleError};
use crate::value::{data, to_wave};
use proto::message::{Call, Dead, DeadReason, Export, LimitKind, ModuleRef, Outcome, RefusedKind};
use proto::{CallLimits, ContextId, Policy};
use runtime::value::{self, ValueError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Val;

/// How much longer than its limit a call may take until its slave, which should have ended it, is not waited for: so
/// long for the ways there and back, and so long for each MiB of its arguments.
const BACKSTOP: Duration = Duration::from_secs(600);
const BACKSTOP_PER_MIB: Duration = Duration::from_secs(1);

/// How a call is to be made, beside what it calls.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// What it may touch.
    pub policy: Policy,
    /// What it may use up.
    pub limits: CallLimits,
    /// When its outcome is of no more use: it is given up then, here and there. It ends as over its wall time.
    pub deadline: Option<tokio::time::Instant>,
}

/// What became of a call, with its values decoded. One variant for each of [`Outcome`].
#[derive(Clone, Debug, PartialEq)]
pub enum CallResult {
    /// It returned: its result, if the function has one.
    Returned(Option<Val>),
    /// It returned the error of its `result` type: the whole result, `err` and all.
    Failed(Val),
    /// The guest broke a rule of its machine.
    Trapped(String),
    /// The guest ended itself with this status.
    Exited(i32),
    /// It needed what its policy does not grant.
    Denied(String),
    /// It used up more than it may.
    OverLimit {
        /// What it ran out of.
        limit: LimitKind,
        /// How much there was.
        allowed: u64,
    },
    /// It never started.
    Refused {
        /// What was wrong.
        kind: RefusedKind,
        /// The same for a person.
        message: String,
    },
    /// It was given up.
    Cancelled,
    /// It is not known how far it came.
    Dead(Dead),
}

/// Where a call is executed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In an instance of its own.
    Fresh,
    /// The same, behind the other calls of the chain with this number.
    Chain(u64),
    /// In an instance that is kept.
    Instance {
        /// Its number.
        number: u64,
        /// Its ticket, if its guest may ask for more.
        ticket: Option<u64>,
    },
}

/// The same, and in which context.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// The context.
    pub(super) context: ContextId,
    /// Where there.
    pub(super) place: Place,
    /// How many calls of guests led to this one.
    pub(super) depth: u32,
}

impl Target {
    /// The head of a call.
    pub(super) fn call(self, module: &ModuleRef, export: Export, options: &CallOptions) -> Call {
        let mut limits = options.limits;
        if let Some(deadline) = options.deadline {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            limits.wall_ms = limits.wall_ms.min(left);
        }
        let (chain, instance, ticket) = match self.place {
            Place::Fresh => (None, None, None),
            Place::Chain(number) => (Some(number), None, None),
            Place::Instance { number, ticket } => (None, Some(number), ticket),
        };
        Call {
            module: module.clone(),
            export,
            policy: options.policy.clone(),
            limits,
            chain,
            instance,
            ticket,
            args: Vec::new(),
            stdin: None,
            stdout: None,
        }
    }
}

/// Why [`Context::invoke`] has no value to give.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The module has no such export.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The arguments are not of the function's types. Nothing was sent.
    #[error("{0}")]
    Arguments(String),
    /// The call ended otherwise than by returning what the caller takes.
    #[error("{}", ended(module, result))]
    Ended {
        /// The module's name.
        module: String,
        /// What became of the call.
        result: CallResult,
    },
    /// The result is not what the caller's type takes.
    #[error("{0}")]
    Result(String),
}

impl Context {
    /// Calls a function in it. The module is shipped if the context lacks it. Dropping the future
    /// cancels the call there.
    ///
    /// # Errors
    /// If the arguments are not of the function's types; nothing was sent then.
    pub async fn call(
        &self,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        policy: Policy,
        limits: CallLimits,
    ) -> Result<CallResult, ValueError> {
        let options = CallOptions {
            policy,
            limits,
            ..CallOptions::default()
        };
        self.call_with(module, function, arguments, &options).await
    }

    /// The same, with a deadline.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_with(
        &self,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        options: &CallOptions,
    ) -> Result<CallResult, ValueError> {
        self.call_in(Place::Fresh, module, function, arguments, options)
            .await
    }

    /// Calls a function whose outcome nobody wants to know. Returns when the call has set out.
    ///
    /// # Errors
    /// If the arguments are not of the function's types; nothing was sent then.
    pub async fn call_no_reply(
        &self,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        options: &CallOptions,
    ) -> Result<Result<(), Dead>, ValueError> {
        let broker = &self.shared.broker;
        // Its streams would end with this function.
        let mut feeding = Feeding::new(broker, self.id, Vec::new());
        let target = self.target(Place::Fresh);
        let (call, encoded) = prepared(target, module, function, arguments, &mut feeding, options)?;
        self.shared.offer(module).await;
        Ok(broker.call_no_reply(self.id, &call, &encoded).await)
    }

    pub(super) async fn call_in(
        &self,
        place: Place,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        options: &CallOptions,
    ) -> Result<CallResult, ValueError> {
        let streaming = self
            .stream_in(place, module, function, arguments, Vec::new(), options)
            .await?;
        Ok(streaming.collect().await)
    }

    /// Calls a function whose arguments or result have streams, and returns as soon as it has: see [`Streaming`].
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn stream(
        &self,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        feeds: Vec<Feed>,
        options: &CallOptions,
    ) -> Result<Streaming, ValueError> {
        self.stream_in(Place::Fresh, module, function, arguments, feeds, options)
            .await
    }

    pub(super) async fn stream_in(
        &self,
        place: Place,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        feeds: Vec<Feed>,
        options: &CallOptions,
    ) -> Result<Streaming, ValueError> {
        let target = self.target(place);
        self.shared
            .stream_at(target, module, function, arguments, feeds, options)
            .await
    }

    pub(super) fn target(&self, place: Place) -> Target {
        Target {
            context: self.id,
            place,
            depth: 0,
        }
    }

    /// Calls a function with a tuple, or any other serialisable list, of arguments and gets its result
    /// as any deserialisable type, under no policy and default limits. Record fields, cases and flags
    /// have their WIT names. A function that returns a `result` gives a Rust `Result`, be it `ok` or `err`.
    ///
    /// # Errors
    /// If the types do not agree, or the call did not return.
    pub async fn invoke<A: Serialize, R: DeserializeOwned>(
        &self,
        module: &Arc<Module>,
        export: &str,
        arguments: &A,
    ) -> Result<R, CallError> {
        let function = module.function(export)?;
        let failed = |error: String| CallError::Arguments(error);
        let not_returned = |result| CallError::Ended {
            module: module.reference.name.clone(),
            result,
        };
        let arguments = data::to_vals(&function.params, arguments)
            .map_err(|wrong| failed(wrong.to_string()))?;
        let result = self
            .call(
                module,
                &function,
                &arguments,
                Policy::default(),
                CallLimits::default(),
            )
            .await
            .map_err(|error| failed(error.to_string()))?;
        let value = match result {
            CallResult::Returned(value) => value,
            // A caller that takes a `Result` gets its `Err`; for any other the call has failed.
            CallResult::Failed(value) => match data::from_val(&value) {
                Ok(error) => return Ok(error),
                Err(_) => return Err(not_returned(CallResult::Failed(value))),
            },
            other => return Err(not_returned(other)),
        };
        let read = |error: &dyn std::fmt::Display| CallError::Result(error.to_string());
        match &value {
            Some(value) => data::from_val(value).map_err(|error| read(&error)),
            None => serde_json::from_value(serde_json::Value::Null).map_err(|error| read(&error)),
        }
    }
}

impl Shared {
    pub(super) async fn stream_at(
        &self,
        target: Target,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        feeds: Vec<Feed>,
        options: &CallOptions,
    ) -> Result<Streaming, ValueError> {
        let (broker, context) = (&self.broker, target.context);
        let mut feeding = Feeding::new(broker, context, feeds);
        let (mut call, encoded) =
            prepared(target, module, function, arguments, &mut feeding, options)?;
        let mut held = None;
        if call.instance.is_none() {
            let begins = matches!(target.place, Place::Fresh);
            held = self.ticket(context, module, options, target.depth, begins);
            call.ticket = held.as_ref().map(Held::number);
        }
        self.offer(module).await;
        let outcome = self
            .outcome(context, &call, &encoded, options.deadline)
            .await;
        let mut found = Found(Vec::new());
        let result = decoded(function, outcome, context, call.limits, &mut found);
        let mut incoming = Vec::with_capacity(found.0.len());
        for (ty, number) in found.0 {
            incoming.push(Incoming::open(broker, context, ty, number).await);
        }
        Ok(Streaming {
            result,
            incoming,
            ty: function.results.first().map(|(_, ty)| ty.clone()),
            memory: call.limits.memory_bytes,
            _feeding: feeding.into_tasks(),
            _held: held,
        })
    }

    /// The outcome of a call, whatever the context does. A slave whose heart beats may still never answer: its guest
    /// can be stuck where nothing stops it, or the slave may not be ours.
    pub(super) async fn outcome(
        &self,
        context: ContextId,
        call: &Call,
        arguments: &[u8],
        deadline: Option<tokio::time::Instant>,
    ) -> Outcome {
        let wall_ms = call.limits.wall_ms;
        let mib = u32::try_from(arguments.len() >> 20).unwrap_or(u32::MAX);
        let patience = BACKSTOP
            .saturating_add(BACKSTOP_PER_MIB.saturating_mul(mib))
            .saturating_add(Duration::from_millis(wall_ms));
        let backstop = tokio::time::Instant::now() + patience;
        let until = deadline.map_or(backstop, |deadline| deadline.min(backstop));
        let answer = self.broker.call(context, call, arguments);
        let answer = tokio::time::timeout_at(until, answer).await;
        answer.unwrap_or(Outcome::OverLimit {
            limit: LimitKind::WallTime,
            allowed: wall_ms,
        })
    }
}

pub(super) fn prepared(
    target: Target,
    module: &Module,
    function: &Function,
    arguments: &[Val],
    feeding: &mut Feeding<'_>,
    options: &CallOptions,
) -> Result<(Call, Vec<u8>), ValueError> {
    value::supported(&function.params)?;
    value::supported(&function.results)?;
    if !matches!(target.place, Place::Instance { .. }) {
        value::data_only(&function.params)?;
        value::data_only(&function.results)?;
    }
    let mut encoded = Vec::new();
    value::encode_all_with(&function.params, arguments, &mut encoded, feeding)?;
    let call = target.call(&module.reference, function.export.clone(), options);
    Ok((call, encoded))
}

/// What became of a call that did not return, for a person.
pub(super) fn ended(module: &str, result: &CallResult) -> String {
    match (Fate::of(result, module), result) {
        (Some(fate), _) => fate.message,
        (None, CallResult::Failed(value)) => {
            format!("module `{module}` returned {}", to_wave(value))
        }
        (None, _) => format!("module `{module}` returned"),
    }
}

pub(super) fn decoded(
    function: &Function,
    outcome: Outcome,
    at: ContextId,
    limits: CallLimits,
    found: &mut Found,
) -> CallResult {
    let allowance = value::Limits {
        memory: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
    };
    let mut read = |mut bytes: &[u8]| {
        let mut values = allowance.decode_all_with(&function.results, &mut bytes, found)?;
        value::finish(bytes)?;
        Ok(values.pop())
    };
    let unread = |error: ValueError| match error {
        // The slave carried it, but here it takes more room: a byte of a `list<u8>` is a value of 40.
        ValueError::TooLarge { .. } => CallResult::OverLimit {
            limit: LimitKind::Memory,
            allowed: limits.memory_bytes,
        },
        error => CallResult::Dead(Dead {
            reason: DeadReason::Malformed(error.to_string()),
            at,
        }),
    };
    match outcome {
        Outcome::Returned(bytes) => read(&bytes).map_or_else(unread, CallResult::Returned),
        Outcome::Failed(bytes) => match read(&bytes) {
            Ok(Some(value)) => CallResult::Failed(value),
            Ok(None) => unread(ValueError::Trailing { bytes: 0 }),
            Err(error) => unread(error),
        },
        Outcome::Trapped(why) => CallResult::Trapped(why),
        Outcome::Exited(status) => CallResult::Exited(status),
        Outcome::Denied(why) => CallResult::Denied(why),
        Outcome::OverLimit { limit, allowed } => CallResult::OverLimit { limit, allowed },
        Outcome::Refused { kind, message } => CallResult::Refused { kind, message },
        Outcome::Cancelled => CallResult::Cancelled,
        Outcome::Dead(dead) => CallResult::Dead(dead),
    }
}
