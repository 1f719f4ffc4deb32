//! Tests of the notations: the tables of `docs/VALUES.md`, random values, and errors as a person reads them.

mod call;
mod data;
mod hints;
mod notations;
mod plan;

// The types and values that the runtime's tests make, and their view of the page.
#[path = "../../../../crates/runtime/tests/values/random.rs"]
#[expect(dead_code, reason = "nothing is damaged here")]
mod random;
#[path = "../../../../crates/runtime/tests/values/table.rs"]
mod table;
#[path = "../../../../crates/runtime/tests/values/wit.rs"]
mod wit;
