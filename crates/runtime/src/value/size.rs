//! How much room values of a type take in a guest's memory.
//!
//! wasmtime computes the same in 32 bits and does not notice where they are passed, which a list of a fixed length gets to with
//! few letters of WIT: from there on nothing lies where it is looked for. So types that come near are refused.

use wasmtime::component::Type;

/// The most that a value may take, in bytes, without what it points to.
const MOST: u64 = 1 << 28;

/// Size and alignment of a type, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    bytes: u64,
    align: u64,
}

impl Size {
    fn plain(bytes: u64) -> Self {
        Self {
            bytes,
            align: bytes,
        }
    }
}

/// The end of a value of this size that comes after so many bytes. None: that is too far.
pub(super) fn after(offset: u64, size: Size) -> Option<u64> {
    // Neither is near what 64 bits can count.
    let end = offset.next_multiple_of(size.align) + size.bytes;
    (end <= MOST).then_some(end)
}

/// The size of a type. None: it, or what it points to or carries, is too large.
pub(super) fn of(ty: &Type) -> Option<Size> {
    Some(match ty {
        Type::Bool | Type::S8 | Type::U8 => Size::plain(1),
        Type::S16 | Type::U16 => Size::plain(2),
        Type::S64 | Type::U64 | Type::Float64 => Size::plain(8),
        Type::String => pointer_and_length(),
        Type::List(list) => {
            of(&list.ty())?;
            pointer_and_length()
        }
        Type::Map(map) => {
            in_order([map.key(), map.value()])?;
            pointer_and_length()
        }
        Type::FixedLengthList(list) => {
            let Size { bytes, align } = of(&list.ty())?;
            let bytes = bytes * u64::from(list.len());
            (bytes <= MOST).then_some(Size { bytes, align })?
        }
        Type::Record(record) => in_order(record.fields().map(|field| field.ty))?,
        Type::Tuple(tuple) => in_order(tuple.types())?,
        Type::Variant(variant) => {
            let cases = variant.cases();
            one_of(cases.len(), cases.map(|case| case.ty))?
        }
        Type::Enum(names) => one_of(names.names().len(), [])?,
        Type::Option(option) => one_of(2, [Some(option.ty())])?,
        Type::Result(result) => one_of(2, [result.ok(), result.err()])?,
        Type::Flags(flags) => match flags.names().len() {
            0..=8 => Size::plain(1),
            9..=16 => Size::plain(2),
            count => Size {
                bytes: count.div_ceil(32) as u64 * 4,
                align: 4,
            },
        },
        Type::Stream(stream) => carrying(stream.ty())?,
        Type::Future(future) => carrying(future.ty())?,
        // Numbers of 32 bits, characters, and handles.
        _ => Size::plain(4),
    })
}

fn pointer_and_length() -> Size {
    Size { bytes: 8, align: 4 }
}

fn carrying(item: Option<Type>) -> Option<Size> {
    item.map_or(Some(Size::plain(4)), |item| {
        of(&item).map(|_| Size::plain(4))
    })
}

fn in_order(parts: impl IntoIterator<Item = Type>) -> Option<Size> {
    let (mut end, mut align) = (0, 1);
    for part in parts {
        let size = of(&part)?;
        end = after(end, size)?;
        align = align.max(size.align);
    }
    Some(Size {
        bytes: end.next_multiple_of(align),
        align,
    })
}

fn one_of(count: usize, payloads: impl IntoIterator<Item = Option<Type>>) -> Option<Size> {
    let discriminant = match count {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    };
    let (mut most, mut align) = (0, discriminant);
    for payload in payloads.into_iter().flatten() {
        let size = of(&payload)?;
        most = most.max(size.bytes);
        align = align.max(size.align);
    }
    let payload = Size { bytes: most, align };
    let end = after(discriminant, payload)?;
    Some(Size {
        bytes: end.next_multiple_of(align),
        align,
    })
}
