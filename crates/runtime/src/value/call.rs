//! Functions without handles, called without a `Val`.
//!
//! wasmtime calls a function either with `Val`s or with Rust types that are known when the host is compiled. [`Arguments`] and
//! [`Results`] are such types, and stand for those of every function: what they lower is what the function's own type says, read
//! from CBOR, and what they lift becomes CBOR.
//!
//! What travels is the same as with `Val`s, byte for byte; only the way differs.

use super::abi::flat;
use super::decode::check_all;
use super::error::ValueError;
use bytes::Bytes;
use std::mem::MaybeUninit;
use wasmtime::component::__internal::wasmtime_environ::component::{
    CanonicalAbiInfo, InterfaceType,
};
use wasmtime::component::__internal::{InstanceType, LiftContext, LowerContext};
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Accessor, ComponentNamedList, ComponentType, Func, Lift, Lower, Type};
use wasmtime::{AsContextMut, Result, ValRaw, bail};

use super::support::{holds, is_handle};

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// An array of one result or none, as [`super::encode_all`] writes it.
    pub results: Vec<u8>,
    /// It is the `err` of a `result`: the guest's typed error.
    pub failed: bool,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The bytes are not the arguments of this function. The guest did not run.
    #[error("arguments: {0}")]
    Arguments(#[from] ValueError),
    /// wasmtime refused the call or the guest trapped.
    #[error(transparent)]
    Call(#[from] wasmtime::Error),
}

/// The types of a function that can be called in this way.
#[derive(Clone, Debug)]
pub struct Signature {
    params: Vec<(String, Type)>,
    fallible: bool,
}

impl Signature {
    /// None if the function has handles in its signature, or is `async` there: such a function may give its result by a call
    /// of its own, and then the number of core values in it is not what it is for all others.
    pub fn of(ty: &ComponentFunc) -> Option<Self> {
        let params: Vec<_> = ty
            .params()
            .map(|(name, ty)| (name.to_owned(), ty))
            .collect();
        let results: Vec<_> = ty.results().map(|ty| ((), ty)).collect();
        if ty.async_() || holds(&params, is_handle) || holds(&results, is_handle) {
            return None;
        }
        Some(Self {
            params,
            fallible: matches!(results.as_slice(), [((), Type::Result(_))]),
        })
    }

    /// Calls the function that has this signature. `arguments` is the array that [`super::encode_all`] writes.
    ///
    /// # Errors
    /// If they are not of its types, or the guest traps.
    pub async fn call(
        &self,
        func: &Func,
        mut store: impl AsContextMut<Data: Send>,
        arguments: Bytes,
    ) -> Result<Answer, CallError> {
        check_all(&self.params, &arguments)?;
        let func = func.typed::<Arguments, Results>(store.as_context_mut())?;
        let results = func.call_async(store, Arguments(arguments)).await?;
        Ok(self.answer(results))
    }

    /// The same, among other calls of the same store.
    ///
    /// # Errors
    /// As of [`Signature::call`].
    pub async fn call_concurrent<T: Send>(
        &self,
        func: &Func,
        accessor: &Accessor<T>,
        arguments: Bytes,
    ) -> Result<Answer, CallError> {
        check_all(&self.params, &arguments)?;
        let func = accessor.with(|store| func.typed::<Arguments, Results>(store))?;
        let results = func.call_concurrent(accessor, Arguments(arguments)).await?;
        Ok(self.answer(results))
    }

    fn answer(&self, Results(results): Results) -> Answer {
        // An array of one; in it an array of one or two; in that the number of the case.
        let failed = self.fallible && results.get(2) == Some(&1);
        Answer { results, failed }
    }
}

/// All arguments of a call, as CBOR.
struct Arguments(Bytes);

/// All its results.
struct Results(Vec<u8>);

// SAFETY: `Lower` is an array of core values: as many as a function can take, so that wasmtime never takes the way for more, and
// `SIZE32` and `ALIGN32` are never used. It hands on a pointer to them, through which the guest's function reads as many as it has
// parameters: at most sixteen, all of which `linear_lower_to_flat` writes. Any type is right, because that goes by the function's own.
unsafe impl ComponentType for Arguments {
    type Lower = flat::Params;
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        tuple(ty)
    }
}

// SAFETY: `typecheck` takes nothing but the tuple that the parameters of a function are.
unsafe impl ComponentNamedList for Arguments {}

// SAFETY: all of `dst` is written. The values in it are those of `ty`, by the rules of the canonical ABI; what lies in memory lies
// where the guest's `realloc` gave room, which wasmtime checks, and is written through slices of that memory.
unsafe impl Lower for Arguments {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let values = dst.write([ValRaw::u64(0); _]);
        if cx.options().async_ {
            // See `Signature::of`. Nothing has run so far.
            bail!("an async function cannot be called in this way");
        }
        flat::arguments(cx, ty, &self.0, values)
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> Result<()> {
        bail!("arguments lie nowhere in memory")
    }
}

// SAFETY: `Lower` is one core value. A function that is not lifted with `async` (`Arguments` refuses any other) returns one or
// none: its result, or where in memory that lies. wasmtime makes room for one in either case, and what the guest does not write is
// what the arguments left there.
unsafe impl ComponentType for Results {
    type Lower = [ValRaw; 1];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        tuple(ty)
    }
}

// SAFETY: as of `Arguments`.
unsafe impl ComponentNamedList for Results {}

// SAFETY: what is read is the one core value, in as many bits as the type of the result has, and slices of the guest's memory.
unsafe impl Lift for Results {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        [result]: &Self::Lower,
    ) -> Result<Self> {
        flat::results(cx, ty, *result).map(Self)
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> Result<Self> {
        bail!("results lie nowhere in memory")
    }
}

fn tuple(ty: &InterfaceType) -> Result<()> {
    match ty {
        InterfaceType::Tuple(_) => Ok(()),
        _ => bail!("a function has a tuple of parameters and one of results"),
    }
}
