//! Values that are no data: streams, futures and resources. On the wire each is a number, and what it stands for is for
//! the two sides of the call to know.

use super::describe;
use super::error::{Fault, Unplaced};
use wasmtime::component::{Type, Val};

/// Knows what the numbers stand for.
pub trait Handles {
    /// The number that stands for a value of this type.
    ///
    /// # Errors
    /// Why it has none.
    fn number(&mut self, ty: &Type, val: &Val) -> Result<u64, HandleError>;

    /// What the number stands for.
    ///
    /// # Errors
    /// If nothing of this type has the number.
    fn handle(&mut self, ty: &Type, number: u64) -> Result<Val, HandleError>;
}

/// Why a handle cannot be passed on.
#[derive(Debug)]
pub struct HandleError(Fault);

impl HandleError {
    /// Something else was wanted.
    pub fn mismatch(ty: &Type, found: impl Into<String>) -> Self {
        Self(Unplaced::mismatch(describe(ty), found))
    }

    /// Such values have no place here.
    pub fn unsupported(ty: &Type) -> Self {
        Self(Unplaced::unsupported(describe(ty)))
    }
}

impl From<HandleError> for Fault {
    fn from(error: HandleError) -> Self {
        error.0
    }
}

/// Where there are none.
pub(super) struct NoHandles;

impl Handles for NoHandles {
    fn number(&mut self, ty: &Type, _: &Val) -> Result<u64, HandleError> {
        Err(HandleError::unsupported(ty))
    }

    fn handle(&mut self, ty: &Type, _: u64) -> Result<Val, HandleError> {
        Err(HandleError::unsupported(ty))
    }
}
