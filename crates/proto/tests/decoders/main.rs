//! Hostile and unlucky input: whatever comes, the decoders answer with a value or an error.

mod bodies;
mod frames;
mod mutation;

#[path = "../support/rng.rs"]
mod rng;
#[path = "../support/vectors.rs"]
mod vectors;
