//! Hostile and unlucky input: whatever comes, the decoders answer with a value or an error.

mod bodies;
mod frames;
mod mutation;
mod shape;

#[path = "../support/rng.rs"]
mod rng;
#[path = "../support/vectors.rs"]
mod vectors;
