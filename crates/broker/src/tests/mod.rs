//! Tests of the broker over real sockets and pipes, and under a clock that stands still where time matters.

mod announced;
mod calls;
mod chains;
mod channel_rules;
mod channels;
mod contents;
mod flow;
mod forest;
mod gone;
mod heartbeat;
mod links;
mod pacing;
mod peer;
mod pressure;
mod pushed;
mod queue;
mod quick;
mod races;
mod refused;
mod select;
mod service_ends;
mod services;
mod storm;
mod support;
mod tree;
mod trees;
