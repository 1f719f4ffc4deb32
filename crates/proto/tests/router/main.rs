//! Single steps of the router, where the order of events matters: regressions and rules.

mod authority;
mod heartbeat;
mod requests;
mod support;
