//! Real programs that a guest talks to, called as a guest calls them.

use super::MAX_PROCESSES;
use crate::Program;
use crate::guest::Guest;
use crate::host::bindings::zymogen::task::command::{Chunk, Error, HostProcess, Request, Status};
use crate::upstream::Upstream;
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{LogRecord, ModuleRef};
use proto::{CallLimits, Digest, Policy};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Nobody;

#[async_trait]
impl Upstream for Nobody {
    async fn resource(&self, _: &Digest) -> Result<Bytes, String> {
        Err("nobody has sources".to_owned())
    }

    async fn ask(&self, _: &str, _: proto::Body) -> Result<proto::Body, String> {
        Err("nobody answers".to_owned())
    }

    async fn log(&self, _: LogRecord) {}
}

fn guest(grant: &str) -> Guest {
    let module = ModuleRef {
        name: "test".to_owned(),
        digest: Digest([0; 32]),
    };
    let policy = Policy {
        grants: vec![grant.parse().unwrap()],
    };
    let limits = CallLimits {
        output_bytes: 1 << 20,
        ..CallLimits::default()
    };
    Guest::new(
        &module,
        policy,
        limits,
        Arc::new(Nobody),
        None,
        Program::default(),
    )
}

fn sh(script: &str) -> Request {
    Request {
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        stdin: Vec::new(),
        env: Vec::new(),
        cwd: None,
        timeout_ms: None,
        live: false,
    }
}

/// The guest's answer; a trap is none. The handle is a copy, because each call takes one.
macro_rules! ask {
    ($guest:ident.$call:ident($process:ident $(, $more:expr)*)) => {
        $guest
            .$call(wasmtime::component::Resource::new_borrow($process.rep()) $(, $more)*)
            .await
            .unwrap()
    };
}

macro_rules! started {
    ($guest:ident, $request:expr) => {
        $guest.start($request).await.unwrap().unwrap()
    };
}

fn text(chunk: Result<Option<Chunk>, Error>) -> String {
    match chunk.unwrap() {
        Some(Chunk::Stdout(bytes)) => format!("out {}", String::from_utf8(bytes).unwrap()),
        Some(Chunk::Stderr(bytes)) => format!("err {}", String::from_utf8(bytes).unwrap()),
        None => "end".to_owned(),
    }
}

#[tokio::test]
async fn a_guest_and_a_program_take_turns() {
    let mut guest = guest("exec:sh *  <*");
    let script = "while read line; do echo \"got $line\"; done; echo bye >&2; exit 3";
    let process = started!(guest, sh(script));
    for word in ["one", "two"] {
        ask!(guest.write(process, format!("{word}\n").into_bytes())).unwrap();
        assert_eq!(text(ask!(guest.read(process))), format!("out got {word}\n"));
    }
    ask!(guest.close_stdin(process));
    assert_eq!(text(ask!(guest.read(process))), "err bye\n");
    assert_eq!(text(ask!(guest.read(process))), "end");
    let status = ask!(guest.wait(process)).unwrap();
    assert!(matches!(status, Status::Exited(3)), "{status:?}");
    let write = ask!(guest.write(process, b"x".to_vec()));
    assert!(write.is_err());
    guest.drop(process).await.unwrap();
}

#[tokio::test]
async fn without_any_input_granted_there_is_none_to_write() {
    let mut guest = guest("exec:sh *");
    let process = started!(guest, sh("cat; echo done"));
    let write = ask!(guest.write(process, b"x".to_vec()));
    assert!(matches!(write, Err(Error::Denied(_))), "{write:?}");
    // Its input was closed: it does not wait.
    assert_eq!(text(ask!(guest.read(process))), "out done\n");
    let with_input = Request {
        stdin: b"x".to_vec(),
        ..sh("cat")
    };
    let denied = guest.start(with_input).await.unwrap();
    assert!(matches!(denied, Err(Error::Denied(_))));
}

/// Both pipes are full when it waits: for the guest, which waits for it.
#[tokio::test]
async fn a_program_that_answers_while_it_is_fed_waits_for_nobody() {
    let mut guest = guest("exec:cat <*");
    let request = Request {
        argv: vec!["cat".to_owned()],
        ..sh("")
    };
    let process = started!(guest, request);
    let sent = vec![b'x'; 600_000];
    ask!(guest.write(process, sent.clone())).unwrap();
    ask!(guest.close_stdin(process));
    let mut came = Vec::new();
    while let Some(chunk) = ask!(guest.read(process)).unwrap() {
        match chunk {
            Chunk::Stdout(bytes) => came.extend(bytes),
            Chunk::Stderr(bytes) => panic!("{bytes:?}"),
        }
    }
    assert!(came == sent);
}

/// A pipe holds 64 KiB. Nobody reads more of it than is asked for.
#[tokio::test]
async fn who_is_not_read_waits() {
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let mut guest = guest("exec:sh *");
    let script = format!("head -c 300000 /dev/zero; touch {}", mark.display());
    let process = started!(guest, sh(&script));
    ask!(guest.read(process)).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!mark.exists());
    let status = ask!(guest.wait(process)).unwrap();
    assert!(matches!(status, Status::Exited(0)), "{status:?}");
    assert!(mark.exists());
}

#[tokio::test]
async fn more_than_the_output_limit_ends_the_guest() {
    let mut guest = guest("exec:sh *");
    let process = started!(guest, sh("yes"));
    let over = loop {
        let handle = wasmtime::component::Resource::new_borrow(process.rep());
        match guest.read(handle).await {
            Ok(read) => drop(read.unwrap()),
            Err(over) => break over,
        }
    };
    assert!(over.to_string().contains("output"), "{over}");
}

#[tokio::test]
async fn its_time_is_over_for_its_children_too() {
    let mut guest = guest("exec:sh *");
    let request = Request {
        timeout_ms: Some(200),
        ..sh("sleep 60 & sleep 60")
    };
    let begin = Instant::now();
    let process = started!(guest, request);
    assert_eq!(text(ask!(guest.read(process))), "end");
    let status = ask!(guest.wait(process)).unwrap();
    assert!(matches!(status, Status::TimedOut), "{status:?}");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

/// Is the process gone, or about to be?
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[tokio::test]
async fn who_drops_it_kills_all_of_it() {
    let mut guest = guest("exec:sh *");
    let process = started!(guest, sh("sleep 60 & echo $!; wait"));
    let said = text(ask!(guest.read(process)));
    let pid = said.trim_start_matches("out ").trim().to_owned();
    assert!(!is_gone(&pid));
    guest.drop(process).await.unwrap();
    let begin = Instant::now();
    while !is_gone(&pid) {
        assert!(begin.elapsed() < Duration::from_secs(20), "{pid} lives");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_call_has_so_many_at_once() {
    let mut guest = guest("exec:sleep *");
    let request = || Request {
        argv: ["sleep", "60"].map(str::to_owned).to_vec(),
        ..sh("")
    };
    let mut held = Vec::new();
    for _ in 0..MAX_PROCESSES {
        held.push(started!(guest, request()));
    }
    let more = guest.start(request()).await.unwrap();
    assert!(matches!(more, Err(Error::Io(_))));
    guest.drop(held.swap_remove(0)).await.unwrap();
    started!(guest, request());
}
