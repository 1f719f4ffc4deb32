//! What the fuzz targets do with their input.
//!
//! Each target is a plain function of bytes that panics if something is wrong. `fuzz/fuzz_targets` gives it to
//! libFuzzer, `tests/fuzz` to the corpora in `fuzz/corpus` and to seeded mutations of them, so both always try
//! the same. The bin `seed` makes the corpora.
//!
//! | target | what it takes apart |
//! |---|---|
//! | [`frame()`] | a stream of frames, in pieces |
//! | [`body()`] | the CBOR of each message and of what a policy is made of; grants as texts |
//! | [`value()`] | the CBOR of a value, by its type |
//! | [`wave()`] | a call as the command line takes it |
//! | [`greeting()`] | what a target prints before its first frame, in pieces |

#![forbid(unsafe_code)]

mod body;
mod chop;
mod frame;
mod greeting;
mod nesting;
mod tail;
mod types;
mod value;
mod wave;

// What takes a greeting apart is private to `connect`, and so that it can stay so it is compiled here once more. It
// finds beside it what it finds there, but for a `Tail` of ours, which keeps all that it gets.
#[path = "../../../crates/connect/src/greeting.rs"]
mod heard;
#[path = "../../../crates/connect/src/image.rs"]
#[expect(dead_code, reason = "only the names of formats are wanted")]
mod image;

// The types that the runtime's tests make.
#[path = "../../../crates/runtime/tests/values/random.rs"]
#[expect(dead_code, reason = "only its types are wanted")]
mod random;
#[path = "../../../crates/runtime/tests/values/wit.rs"]
mod wit;

use image::Format;
use tail::Tail;

pub use body::{ZSTD, body, kind_for};
pub use chop::{EXTRA, MOST_CUTS};
pub use frame::frame;
pub use greeting::greeting;
pub use types::number_of;
pub use value::{ALLOWANCES, value};
pub use wave::wave;

/// A target by its name, which its file in `fuzz_targets` and its corpus bear, too.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Panics if something is wrong with what becomes of this input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 5] = [
    Target {
        name: "frame",
        run: frame,
    },
    Target {
        name: "body",
        run: body,
    },
    Target {
        name: "value",
        run: value,
    },
    Target {
        name: "wave",
        run: wave,
    },
    Target {
        name: "greeting",
        run: greeting,
    },
];

/// Where the corpus of this target lies.
#[must_use]
pub fn corpus(target: &str) -> std::path::PathBuf {
    let corpora = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus");
    std::path::Path::new(corpora).join(target)
}
