//! What a stream or future of any type carries: a value as CBOR, read from a guest's memory and written into it.
//!
//! wasmtime moves the items of a stream by a Rust type that is known when the host is compiled; its `Val` is none.
//! [`Item`] is one type for all of them: it reads and writes what the guest's own type says, with nothing in between. In CBOR the
//! items look as everywhere else (`docs/VALUES.md`). Streams of bytes do not come this way: they are copied as they are.
//!
//! The traits that make this possible are wasmtime's own machinery and change with its versions. Nothing uses them but this, `call`
//! and `abi`.

use super::abi::lift::Lifted;
use super::abi::lower;
use super::cbor::{self, ARRAY, Reader};
use bytes::Bytes;
use std::cell::Cell;
use wasmtime::component::__internal::wasmtime_environ::component::{
    CanonicalAbiInfo, InterfaceType,
};
use wasmtime::component::__internal::{InstanceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentType, Lift, Lower};
use wasmtime::{Result, bail, format_err};

thread_local! {
    /// Which item of a write is being read. See [`Item::first`].
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

/// One item, as CBOR.
#[derive(Clone, Debug)]
pub(crate) struct Item(pub(crate) Vec<u8>);

impl Item {
    /// To be called right before items of a guest's write are read, on the same thread.
    ///
    /// wasmtime finds items by the size of their Rust type, which here is unknown, and so 0: each is asked for at the
    /// place of the first. Which one it is has to be counted beside it.
    pub(crate) fn first() {
        NEXT.set(0);
    }
}

/// What a stream or future may carry.
pub(crate) trait Carried: Lift + Lower + Send + Sync + Unpin + 'static {
    fn into_item(self) -> Item;
    fn from_item(item: Item) -> Self;
}

impl Carried for Item {
    fn into_item(self) -> Item {
        self
    }

    fn from_item(item: Item) -> Self {
        item
    }
}

/// Where nothing but the number of the items counts: they have no type.
impl Carried for () {
    fn into_item(self) -> Item {
        Item(vec![cbor::NULL_BYTE])
    }

    fn from_item(_: Item) {}
}

/// Begins a piece of so many items, which follow as they are.
pub(crate) fn begin(piece: &mut Vec<u8>, count: usize) {
    cbor::put(piece, ARRAY, count as u64);
}

/// The items of a piece that came from another machine, a few at a time: each takes many times the room that it takes there.
#[derive(Default)]
pub(crate) struct Items {
    rest: Bytes,
    left: usize,
}

impl Items {
    /// Begins with a piece.
    ///
    /// # Errors
    /// If it is no CBOR array.
    pub(crate) fn of(piece: Bytes) -> Result<Self> {
        let mut input = Reader { rest: &piece };
        let head = input.head().map_err(malformed)?;
        if head.major != ARRAY {
            bail!("a stream carried {} instead of an array", cbor::name(head));
        }
        let left = input.count(head.arg, 1).map_err(malformed)?;
        let begin = piece.len() - input.rest.len();
        let rest = piece.slice(begin..);
        if left == 0 && !rest.is_empty() {
            bail!("{BEHIND}");
        }
        Ok(Self { rest, left })
    }

    /// Are there no more?
    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// At most so many of them.
    ///
    /// # Errors
    /// If what follows is no CBOR.
    pub(crate) fn take(&mut self, most: usize) -> Result<Vec<Item>> {
        let count = most.min(self.left);
        let mut items = Vec::with_capacity(count);
        let mut input = Reader { rest: &self.rest };
        for _ in 0..count {
            let before = input.rest;
            input.skip().map_err(malformed)?;
            let length = before.len() - input.rest.len();
            items.push(Item(before[..length].to_vec()));
        }
        let read = self.rest.len() - input.rest.len();
        self.rest = self.rest.slice(read..);
        self.left -= count;
        if self.left == 0 && !self.rest.is_empty() {
            bail!("{BEHIND}");
        }
        Ok(items)
    }
}

const BEHIND: &str = "a stream carried a piece with bytes behind its values";

fn malformed(error: impl std::fmt::Display) -> wasmtime::Error {
    format_err!("a stream carried what is no CBOR: {error}")
}

// SAFETY: the flat form is never used, since a stream's items lie in memory. wasmtime is told that an item takes no bytes, so it
// checks and skips none; all that is read or written lies where `abi` has checked it itself, through slices
// of the guest's memory. It follows the type of the guest, so that there is none that would not fit.
unsafe impl ComponentType for Item {
    type Lower = [wasmtime::ValRaw; 0];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Ok(())
    }
}

// SAFETY: as above.
unsafe impl Lift for Item {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &Self::Lower,
    ) -> Result<Self> {
        bail!("an item of a stream has no flat form")
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        let memory = cx.memory();
        let base = (bytes.as_ptr().addr())
            .checked_sub(memory.as_ptr().addr())
            .ok_or_else(|| format_err!("an item outside of the guest's memory"))?;
        let at = NEXT.replace(NEXT.get() + 1);
        let mut lifted = Lifted::new(cx);
        lifted.item(ty, base, at)?;
        lifted.finish().map(Self)
    }
}

// SAFETY: as above.
unsafe impl Lower for Item {
    fn linear_lower_to_flat<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: &mut std::mem::MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        bail!("an item of a stream has no flat form")
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> Result<()> {
        Self::linear_store_list_to_memory(cx, ty, offset, std::slice::from_ref(self))
    }

    fn linear_store_list_to_memory<T>(
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
        items: &[Self],
    ) -> Result<()> {
        let items = items.iter().map(|Self(item)| item.as_slice());
        lower::items(cx, ty, offset, items)
    }
}
