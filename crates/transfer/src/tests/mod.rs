//! The service and its client between real brokers.

#![allow(clippy::unwrap_used)]

mod bounded;
mod moves;
mod refused;
mod slow;
mod stopped;
mod support;
