//! Makes the corpora: `cargo run -p fuzz-bodies --bin seed`.
//!
//! They begin with the examples of `docs/PROTOCOL.md` and `docs/VALUES.md`, and have besides what leads into the
//! decoders' refusals. A file is written over if it is there, and nothing is deleted: an input that a fuzzer has found
//! stays until somebody removes it.

mod body;
mod frame;
mod greeting;
mod value;
mod wave;

// The examples, as the tests of `proto` and `runtime` read them.
#[path = "../../../../../crates/runtime/tests/values/table.rs"]
mod table;
#[path = "../../../../../crates/proto/tests/support/vectors.rs"]
mod vectors;

use std::fs;

/// An input and the name of its file.
type Seed = (String, Vec<u8>);

fn main() -> std::io::Result<()> {
    for target in fuzz_bodies::TARGETS {
        let seeds = match target.name {
            "frame" => frame::seeds(),
            "body" => body::seeds(),
            "value" => value::seeds(),
            "wave" => wave::seeds(),
            "greeting" => greeting::seeds(),
            other => panic!("nobody makes inputs for {other}"),
        };
        let corpus = fuzz_bodies::corpus(target.name);
        fs::create_dir_all(&corpus)?;
        for (name, input) in &seeds {
            fs::write(corpus.join(name), input)?;
        }
        println!("{}: {} inputs", target.name, seeds.len());
    }
    Ok(())
}
