//! What machine this is. A component that calls this asks for the grant `system`.

pub use crate::bindings::zymogen::task::system::{Address, Info, Mount};

/// Reads all of it afresh.
#[must_use]
pub fn read() -> Info {
    crate::host::system::read()
}
