//! Starts child contexts.
//!
//! A [`Launch`] is plain data: what to run, and how to talk to it. Whoever holds one can [`start`] it, the
//! master for its children, a slave for its own. What a launch runs, perhaps through ssh
//! or sudo, is the first stage ([`Boot`]): one line of POSIX shell, which finds the slave's image on the
//! machine or asks for it, and becomes the slave. [`start`] follows it up to the slave's HELLO;
//! [`Started::welcome`] answers, and its [`Parts`] go to `broker::Broker::attach`.
//!
//! It does not know methods of connection, where images come from ([`ImageSource`]), or what
//! happens on a link once it is up.

#![deny(unsafe_code)]

mod clock;
mod deliver;
mod error;
mod greeting;
mod guard;
mod hear;
mod hello;
mod image;
mod interview;
mod meet;
mod process;
mod spawn;
mod spawner;
mod stage;
mod start;
mod tail;
mod terminal;

#[cfg(test)]
mod tests;

pub use error::{Cause, ConnectError};
pub use guard::Guard;
pub use image::{Format, IMAGE_PATIENCE, ImageError, ImageSource, Packed};
pub use process::{Exit, Process};
pub use proto::message::{
    Answer, Bandwidth, Dialogue, FailureKind, Form, ImageId, Launch, Phase, Secret, Stdio, Times,
};
pub use stage::{Boot, title};
pub use start::{Options, Parts, Started, start};
pub use tail::{LineSink, Tail};
