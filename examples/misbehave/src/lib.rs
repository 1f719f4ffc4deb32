//! A guest that does on demand what a sandbox must withstand. For tests, and for those who want to try it.

use std::hint::black_box;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

#[allow(missing_docs)]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
mod bindings {
    wit_bindgen::generate!({
        world: "zymogen:misbehave/misbehave",
        path: ["../../wit", "wit"],
        generate_all,
    });
}

#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
struct Misbehave;

// The names of a component's exports are none that a native linker takes.
#[cfg(target_family = "wasm")]
bindings::export!(Misbehave with_types_in bindings);

use bindings::exports::zymogen::misbehave::deeds::{Guest, Step};
use bindings::zymogen::task::command::{self, Chunk, Process, Request};
use bindings::zymogen::task::files::{self, Attributes, Content};
use bindings::zymogen::task::users;

/// How much memory is taken at a time: a page of wasm's.
const PAGE: usize = 64 * 1024;

/// How much `flood` writes.
const FLOOD: usize = 1 << 30;

impl Guest for Misbehave {
    fn trap() {
        #[cfg(target_family = "wasm")]
        core::arch::wasm32::unreachable();
    }

    fn spin() {
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }

    fn spin_if(now: bool) {
        if now {
            Self::spin();
        }
    }

    fn allocate() {
        let mut taken = Vec::new();
        loop {
            // Not zero, so that the allocator cannot leave fresh pages untouched.
            taken.push(black_box(vec![1_u8; PAGE]));
        }
    }

    fn recurse() {
        black_box(deeper(0));
    }

    fn numbers(count: u32) -> Vec<u16> {
        vec![7; usize::try_from(count).unwrap_or(usize::MAX)]
    }

    fn flood() {
        let piece = vec![b'x'; PAGE];
        let mut stdout = std::io::stdout();
        for _ in 0..FLOOD / PAGE {
            if stdout.write_all(&piece).is_err() {
                return;
            }
        }
    }

    fn print(text: String) {
        println!("{text}");
        eprintln!("{text}");
    }

    fn read_file(path: String) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn take_steps(steps: Vec<Step>) -> Vec<Result<String, String>> {
        steps.into_iter().map(take).collect()
    }

    fn account(name_or_id: String) -> Option<(String, Vec<String>)> {
        let user = users::find_user(&name_or_id)?;
        Some((user.home, users::memberships(&user.name)))
    }

    fn converse(argv: Vec<String>, lines: Vec<String>) -> Result<Vec<String>, String> {
        converse(argv, &lines).map_err(|error| error.to_string())
    }

    fn start_and_spin(argv: Vec<String>) -> Result<(), String> {
        let started = Process::start(&request(argv));
        let _process = started.map_err(|error| error.to_string())?;
        Self::spin();
        Ok(())
    }

    fn environment() -> Vec<(String, String)> {
        std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .collect()
    }

    fn connect(addr: String) -> Result<(), String> {
        TcpStream::connect(addr)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn sleep(ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }

    fn exit(code: u8) {
        std::process::exit(i32::from(code));
    }
}

fn request(argv: Vec<String>) -> Request {
    Request {
        argv,
        stdin: Vec::new(),
        env: Vec::new(),
        cwd: None,
        timeout_ms: None,
        live: false,
    }
}

fn converse(argv: Vec<String>, lines: &[String]) -> Result<Vec<String>, command::Error> {
    let process = Process::start(&request(argv))?;
    let mut answers = Vec::new();
    for line in lines {
        process.write(format!("{line}\n").as_bytes())?;
        let chunk = process.read()?;
        answers.extend(chunk.map(|chunk| match chunk {
            Chunk::Stdout(bytes) | Chunk::Stderr(bytes) => {
                String::from_utf8_lossy(&bytes).into_owned()
            }
        }));
    }
    process.wait()?;
    Ok(answers)
}

fn take(step: Step) -> Result<String, String> {
    let done = match step {
        Step::MakeLink((path, target)) => files::make_symlink(&path, &target),
        Step::Write((path, text)) => {
            let nothing = Attributes {
                mode: None,
                owner: None,
                group: None,
            };
            files::replace(&path, &Content::Bytes(text.into_bytes()), &nothing)
        }
        Step::Remove(path) => files::remove(&path, true),
        Step::SetXattr((path, name, value)) => files::set_xattr(&path, &name, value.as_bytes()),
        Step::GetXattr((path, name)) => {
            let value = files::get_xattr(&path, &name).map_err(|error| error.to_string())?;
            return Ok(String::from_utf8_lossy(&value.unwrap_or_default()).into_owned());
        }
        Step::Read(path) => {
            let content = files::read(&path, 1 << 20).map_err(|error| error.to_string())?;
            return Ok(String::from_utf8_lossy(&content).into_owned());
        }
    };
    done.map(|()| String::new())
        .map_err(|error| error.to_string())
}

/// Recurses without end. The result depends on the inner call's, so that no compiler makes a loop of it.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deeper(depth: u64) -> u64 {
    let depth = black_box(depth);
    black_box(deeper(depth.wrapping_add(1))).wrapping_add(depth)
}
