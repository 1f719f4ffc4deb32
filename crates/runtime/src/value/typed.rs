//! Functions of bytes and text, called without a `Val`.
//!
//! A `Val` of a `list<u8>` is a vector of 40-byte values, one for each byte. Functions whose whole signature
//! is made of a few well-known types are called through [`Func::typed`] instead: the arguments are lowered
//! straight from the CBOR, in which bytes and text lie as they are, and the result is copied once into CBOR.
//!
//! What travels is the same as on the general path, byte for byte; only the way differs.

use wasmtime::AsContextMut;
use wasmtime::component::{ComponentNamedList, Func, Lift, Lower, Type};

use super::cbor::{self, ARRAY, BYTES, TEXT, UINT};
use super::decode::{Decoder, Limits, finish};
use super::error::{At, ValueError};
use super::handles::NoHandles;

/// A signature that has a typed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytesShape {
    /// What goes in.
    pub params: ParamsShape,
    /// What comes out.
    pub result: ResultShape,
}

/// Parameters that have a typed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamsShape {
    /// `()`
    None,
    /// `(list<u8>)`
    Bytes,
    /// `(string)`
    Text,
    /// `(string, list<u8>)`
    TextBytes,
}

/// Results that have a typed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultShape {
    /// No result.
    None,
    /// `list<u8>`
    Bytes,
    /// `result<list<u8>, string>`
    BytesOrText,
}

/// How a call ended that the guest itself brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// It returned a value, or nothing.
    Returned,
    /// It returned the `err` of a `result`: the guest's typed error.
    Failed,
}

/// Why a typed call has no result.
#[derive(Debug, thiserror::Error)]
pub enum TypedError {
    /// The bytes are not the arguments of this function. The guest did not run.
    #[error("arguments: {0}")]
    Arguments(#[from] ValueError),
    /// wasmtime refused the call or the guest trapped.
    #[error(transparent)]
    Call(#[from] wasmtime::Error),
}

/// The shape of a function, if it has a typed path.
pub fn shape(params: &[Type], result: Option<&Type>) -> Option<BytesShape> {
    let params = match params {
        [] => ParamsShape::None,
        [Type::String] => ParamsShape::Text,
        [only] if is_bytes(only) => ParamsShape::Bytes,
        [Type::String, second] if is_bytes(second) => ParamsShape::TextBytes,
        _ => return None,
    };
    let result = match result {
        None => ResultShape::None,
        Some(ty) if is_bytes(ty) => ResultShape::Bytes,
        Some(Type::Result(ty))
            if ty.ok().is_some_and(|ok| is_bytes(&ok)) && ty.err() == Some(Type::String) =>
        {
            ResultShape::BytesOrText
        }
        _ => return None,
    };
    Some(BytesShape { params, result })
}

fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::List(list) if list.ty() == Type::U8)
}

/// Calls a function of this shape.
///
/// `args` is the array of arguments that [`super::encode_all`] writes. The array of results is appended
/// to `out`; on an error `out` is as it was. A function whose type is not of the shape is an error.
pub async fn call_typed(
    func: &Func,
    store: impl AsContextMut<Data: Send>,
    shape: BytesShape,
    args: &[u8],
    out: &mut Vec<u8>,
) -> Result<CallResult, TypedError> {
    // Each combination is a call of its own type: the table makes that type from the shape.
    macro_rules! table {
        ($($params:ident: $p:ty),* => $results:tt) => {
            match shape.params { $(ParamsShape::$params => table!(@row $p, $results),)* }
        };
        (@row $p:ty, [$($result:ident: $r:ty),*]) => {
            match shape.result {
                $(ResultShape::$result => call::<$p, $r>(func, store, args, out).await,)*
            }
        };
    }
    table!(
        None: (), Bytes: (&[u8],), Text: (&str,), TextBytes: (&str, &[u8])
        => [None: (), Bytes: (Vec<u8>,), BytesOrText: (Result<Vec<u8>, String>,)]
    )
}

async fn call<'a, P: Params<'a>, R: Results>(
    func: &Func,
    mut store: impl AsContextMut<Data: Send>,
    args: &'a [u8],
    out: &mut Vec<u8>,
) -> Result<CallResult, TypedError> {
    let params = P::read(args)?;
    let func = func.typed::<P, R>(store.as_context_mut())?;
    let results = func.call_async(store, params).await?;
    Ok(results.write(out))
}

/// Parameters that borrow from the CBOR they came in.
trait Params<'a>: ComponentNamedList + Lower + Sized {
    fn read(args: &'a [u8]) -> Result<Self, ValueError>;
}

impl<'a> Params<'a> for () {
    fn read(args: &'a [u8]) -> Result<Self, ValueError> {
        arguments(args, 0, |_| Ok(()))
    }
}

impl<'a> Params<'a> for (&'a [u8],) {
    fn read(args: &'a [u8]) -> Result<Self, ValueError> {
        arguments(args, 1, |input| {
            Ok((input.bytes().in_value("argument 1")?,))
        })
    }
}

impl<'a> Params<'a> for (&'a str,) {
    fn read(args: &'a [u8]) -> Result<Self, ValueError> {
        arguments(args, 1, |input| {
            Ok((input.text().in_value("argument 1")?,))
        })
    }
}

impl<'a> Params<'a> for (&'a str, &'a [u8]) {
    fn read(args: &'a [u8]) -> Result<Self, ValueError> {
        arguments(args, 2, |input| {
            let text = input.text().in_value("argument 1")?;
            Ok((text, input.bytes().in_value("argument 2")?))
        })
    }
}

/// Reads an array of exactly so many arguments, behind which nothing follows.
fn arguments<'a, T>(
    args: &'a [u8],
    count: usize,
    read: impl FnOnce(&mut Decoder<'a, '_>) -> Result<T, ValueError>,
) -> Result<T, ValueError> {
    let mut handles = NoHandles;
    let mut decoder = Decoder::new(Limits::default(), args, &mut handles);
    decoder
        .array_of(count, || format!("{count} values"))
        .in_value("value")?;
    let values = read(&mut decoder)?;
    finish(decoder.input.rest)?;
    Ok(values)
}

/// Results that know their CBOR.
trait Results: ComponentNamedList + Lift + 'static {
    fn write(self, out: &mut Vec<u8>) -> CallResult;
}

impl Results for () {
    fn write(self, out: &mut Vec<u8>) -> CallResult {
        cbor::put(out, ARRAY, 0);
        CallResult::Returned
    }
}

impl Results for (Vec<u8>,) {
    fn write(self, out: &mut Vec<u8>) -> CallResult {
        cbor::put(out, ARRAY, 1);
        cbor::put_slice(out, BYTES, &self.0);
        CallResult::Returned
    }
}

impl Results for (Result<Vec<u8>, String>,) {
    fn write(self, out: &mut Vec<u8>) -> CallResult {
        cbor::put(out, ARRAY, 1);
        cbor::put(out, ARRAY, 2);
        match self.0 {
            Ok(bytes) => {
                cbor::put(out, UINT, 0);
                cbor::put_slice(out, BYTES, &bytes);
                CallResult::Returned
            }
            Err(text) => {
                cbor::put(out, UINT, 1);
                cbor::put_slice(out, TEXT, text.as_bytes());
                CallResult::Failed
            }
        }
    }
}
