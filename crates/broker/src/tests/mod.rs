//! Tests of the broker over real sockets and pipes, and under a clock that stands still where time matters.

mod calls;
mod flow;
mod heartbeat;
mod links;
mod peer;
mod queue;
mod quick;
mod races;
mod support;
mod transfer;
