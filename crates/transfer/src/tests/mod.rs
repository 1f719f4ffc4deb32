//! The service and its client between real brokers.

#![allow(clippy::unwrap_used)]

mod moves;
mod refused;
mod slow;
mod stopped;
mod support;
