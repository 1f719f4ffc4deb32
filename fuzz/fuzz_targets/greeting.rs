//! See `fuzz_bodies::greeting`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_bodies::greeting(data));
