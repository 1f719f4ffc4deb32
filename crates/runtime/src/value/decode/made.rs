//! What a decoder makes of the values it reads.

use crate::value::numbers;
use wasmtime::component::{Type, Val};

/// A value, or `()` where it is enough to know that there is one: then nothing is copied and nothing allocated.
pub(super) trait Made: Sized {
    /// A name of its type, which a value repeats.
    type Name;
    /// Does it take memory?
    const KEPT: bool;

    fn name(name: &str) -> Self::Name;
    /// A value that owns nothing.
    fn plain(val: Val) -> Self;
    fn handle(val: Val) -> Self;
    fn text(text: &str) -> Self;
    fn numbers(ty: &Type, bytes: &[u8]) -> Vec<Self>;
    fn list(items: Vec<Self>, make: impl FnOnce(Vec<Val>) -> Val) -> Self;
    fn record(fields: Vec<(Self::Name, Self)>) -> Self;
    fn map(entries: Vec<(Self, Self)>) -> Self;
    fn case(payload: Option<Box<Self>>, make: impl FnOnce(Option<Box<Val>>) -> Val) -> Self;
    fn variant(name: Self::Name, payload: Option<Box<Self>>) -> Self;
    fn named(name: Self::Name) -> Self;
    fn flags(names: Vec<Self::Name>) -> Self;
}

impl Made for Val {
    type Name = String;
    const KEPT: bool = true;

    fn name(name: &str) -> String {
        name.into()
    }

    fn plain(val: Val) -> Self {
        val
    }

    fn handle(val: Val) -> Self {
        val
    }

    fn text(text: &str) -> Self {
        Self::String(text.into())
    }

    fn numbers(ty: &Type, bytes: &[u8]) -> Vec<Self> {
        numbers::vals(ty, bytes)
    }

    fn list(items: Vec<Self>, make: impl FnOnce(Vec<Val>) -> Val) -> Self {
        make(items)
    }

    fn record(fields: Vec<(String, Self)>) -> Self {
        Self::Record(fields)
    }

    fn map(entries: Vec<(Self, Self)>) -> Self {
        Self::Map(entries)
    }

    fn case(payload: Option<Box<Self>>, make: impl FnOnce(Option<Box<Val>>) -> Val) -> Self {
        make(payload)
    }

    fn variant(name: String, payload: Option<Box<Self>>) -> Self {
        Self::Variant(name, payload)
    }

    fn named(name: String) -> Self {
        Self::Enum(name)
    }

    fn flags(names: Vec<String>) -> Self {
        Self::Flags(names)
    }
}

impl Made for () {
    type Name = ();
    const KEPT: bool = false;

    fn name(_: &str) {}

    fn plain(val: Val) {
        // To find out, for each number, that there is nothing to be dropped takes longer than to read it.
        std::mem::forget(val);
    }

    fn handle(_: Val) {}
    fn text(_: &str) {}

    fn numbers(_: &Type, _: &[u8]) -> Vec<()> {
        Vec::new()
    }

    fn list(_: Vec<()>, _: impl FnOnce(Vec<Val>) -> Val) {}
    fn record(_: Vec<((), ())>) {}
    fn map(_: Vec<((), ())>) {}
    fn case(_: Option<Box<()>>, _: impl FnOnce(Option<Box<Val>>) -> Val) {}
    fn variant((): (), _: Option<Box<()>>) {}
    fn named((): ()) {}
    fn flags(_: Vec<()>) {}
}
