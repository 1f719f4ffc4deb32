//! The value mapping, seen from outside: `docs/VALUES.md` to the byte, random values, hostile bytes, errors,
//! and calls without a `Val`.

#[path = "values/call.rs"]
mod call;
#[path = "values/errors.rs"]
mod errors;
#[path = "values/guests.rs"]
mod guests;
#[path = "values/kept.rs"]
mod kept;
#[path = "values/properties.rs"]
mod properties;
#[path = "values/random.rs"]
mod random;
#[path = "values/streams.rs"]
mod streams;
#[path = "values/table.rs"]
mod table;
#[path = "values/vectors.rs"]
mod vectors;
#[path = "values/wit.rs"]
mod wit;
