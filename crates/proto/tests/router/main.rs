//! Single steps of the router, where the order of events matters: regressions and rules.

mod authority;
mod channels;
mod gathered;
mod heartbeat;
mod ids;
mod leaving;
mod requests;
mod routes;
mod services;
mod siblings;
mod support;
