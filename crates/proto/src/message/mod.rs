//! What the bodies of messages say: one file for each family. `docs/PROTOCOL.md` has the same in prose.

mod call;
mod dead;
mod hello;
mod log;
mod module;

pub use call::{Call, Export, LimitKind, Outcome, RefusedKind};
pub use dead::{Dead, DeadReason, Down};
pub use hello::{CompatibilityId, Hello, Welcome};
pub use log::{Level, LogRecord};
pub use module::{
    EngineKind, GetModule, GetResource, LoadModule, LoadResource, Loaded, ModuleRef, Transfer,
};
