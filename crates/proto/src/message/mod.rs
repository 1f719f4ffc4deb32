//! What the bodies of messages say: one file for each family. `docs/PROTOCOL.md` has the same in prose.

mod call;
mod channel;
mod dead;
mod dialogue;
mod guests;
mod hello;
mod inspect;
mod launch;
mod log;
mod module;
mod route;
mod service;

pub use call::{Call, EndChain, Export, LimitKind, Outcome, RefusedKind};
pub use channel::{Address, Credit, INITIAL_CREDIT};
pub use dead::{Dead, DeadReason, Down};
pub use dialogue::{Answer, Dialogue, Form, Secret};
pub use guests::{
    CallElsewhere, CallImport, CallMethod, GUESTS, ImportOutcome, MAX_MESSAGE, ReceiveMessage,
    Refusal, SendMessage,
};
pub use hello::{CompatibilityId, Hello, Welcome};
pub use inspect::{Inspection, LinkState, RouteState};
pub use launch::{
    Bandwidth, FailureKind, ImageId, Launch, LaunchChild, LaunchFailure, Launched, Phase, Stdio,
    Times,
};
pub use log::{Level, LogRecord};
pub use module::{
    Content, EngineKind, ForwardModule, GetModule, GetResource, LoadModule, LoadResource, Loaded,
    ModuleRef, Transfer,
};
pub use route::{AddRoute, DelRoute, IdBlock};
pub use service::{CallService, ServiceOutcome};
