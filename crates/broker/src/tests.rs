//! Tests of the broker over real socket pairs.
