//! An instance that a context keeps: its memory, and the resources that its functions hand out, live from call to call.

use super::Context;
use super::call::{CallOptions, CallResult, Place, Target};
use super::context::Shared;
use super::guests::Held;
use super::streams::{Feed, Streaming};
use crate::module::{Function, Module};
use proto::message::Export;
use runtime::value::{self, ValueError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::component::{Type, Val};

/// Numbers of instances of this process, which are never used twice.
static LAST: AtomicU64 = AtomicU64::new(0);

/// What no component exports, and every instance does: drops the resource whose number is the one argument.
const DROP_RESOURCE: &str = "[resource-drop]";

/// Ends the instance.
const END: &str = "[instance-drop]";

/// An instance of a module in a context. The first call makes it; it ends with this value, with its context, or with the first call
/// in it that does not return.
///
/// Async functions run in it concurrently, others one after the other. A resource in a value is its number, `Val::U64(n)`; an argument
/// of type `own` gives the resource away, one of type `borrow` lends it. Those that are neither given away nor
/// [dropped](Self::drop_resource) end with the instance.
pub struct Instance<'a> {
    context: &'a Context,
    module: Arc<Module>,
    options: CallOptions,
    number: u64,
    /// What its guest may ask for.
    held: Option<Held>,
}

/// A number that no other instance has.
pub(super) fn number() -> u64 {
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl Context {
    /// A new instance of a module. All calls in it have these options.
    #[must_use]
    pub fn instance(&self, module: &Arc<Module>, options: CallOptions) -> Instance<'_> {
        let held = self.shared.ticket(self.id, module, &options, 0, false);
        Instance {
            context: self,
            module: module.clone(),
            options,
            number: number(),
            held,
        }
    }
}

impl Instance<'_> {
    /// Calls a function in it.
    ///
    /// # Errors
    /// If the arguments are not of the function's types; nothing was sent then.
    pub async fn call(
        &self,
        function: &Function,
        arguments: &[Val],
    ) -> Result<CallResult, ValueError> {
        let streaming = self.stream(function, arguments, Vec::new()).await?;
        Ok(streaming.collect().await)
    }

    /// The same, returning as soon as the function has: see [`Streaming`].
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn stream(
        &self,
        function: &Function,
        arguments: &[Val],
        feeds: Vec<Feed>,
    ) -> Result<Streaming, ValueError> {
        let place = self.place();
        let (module, options) = (&self.module, &self.options);
        self.context
            .stream_in(place, module, function, arguments, feeds, options)
            .await
    }

    fn place(&self) -> Place {
        Place::Instance {
            number: self.number,
            ticket: self.held.as_ref().map(Held::number),
        }
    }

    /// Drops a resource, once no call is under way.
    ///
    /// # Errors
    /// What became of it, if that is not done: there is none of that number, say.
    pub async fn drop_resource(&self, number: u64) -> Result<(), CallResult> {
        let function = special(DROP_RESOURCE, vec![("number".to_owned(), Type::U64)]);
        // A number is always one.
        match self.call(&function, &[Val::U64(number)]).await {
            Ok(CallResult::Returned(None)) | Err(_) => Ok(()),
            Ok(other) => Err(other),
        }
    }

    /// Ends it, and waits until that is known there.
    pub async fn end(self) {
        // Where the context is gone the instance is, too.
        let _ = self.call(&special(END, Vec::new()), &[]).await;
    }
}

fn special(name: &str, params: Vec<(String, Type)>) -> Function {
    Function {
        export: Export {
            interface: None,
            function: name.to_owned(),
        },
        params,
        results: Vec::new(),
        is_async: false,
    }
}

/// Tells a context to end an instance, as a future that borrows nothing.
pub(super) fn ending(
    shared: &Shared,
    target: Target,
    module: &Module,
    options: &CallOptions,
) -> impl Future<Output = ()> + Send + 'static {
    let export = special(END, Vec::new()).export;
    let call = target.call(&module.reference, export, options);
    let (broker, none) = (shared.broker.clone(), value::array_of(0, &[]));
    async move {
        // Where the context is gone there is nothing to tell.
        let _ = broker.call_no_reply(target.context, &call, &none).await;
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        let target = self.context.target(self.place());
        let ending = ending(&self.context.shared, target, &self.module, &self.options);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(ending);
        }
    }
}
