//! Real programs, without a guest.

use super::*;
use crate::host::bindings::zymogen::task::command::Status;
use crate::upstream::Upstream;
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::LogRecord;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Somebody who takes his time to listen.
struct Slow;

#[async_trait]
impl Upstream for Slow {
    async fn resource(&self, _: &Digest) -> Result<Bytes, String> {
        Err("there is none".to_owned())
    }

    async fn ask(&self, _: &str, _: proto::Body) -> Result<proto::Body, String> {
        Err("nobody answers".to_owned())
    }

    async fn log(&self, _: LogRecord) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn request(argv: &[&str]) -> Request {
    Request {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        stdin: Vec::new(),
        env: Vec::new(),
        cwd: None,
        timeout_ms: None,
        live: false,
    }
}

async fn run_with(request: &Request, guard: Option<&Arc<dyn Guard>>) -> Result<Finished, Error> {
    let output = Arc::new(Output::new("test".to_owned(), 1 << 30, Arc::new(Slow)));
    run(request, "/", &output, guard).await
}

#[tokio::test]
async fn a_daemon_that_holds_the_output_open_delays_nobody() {
    let script = "setsid sleep 20 & setsid sh -c 'while sleep 0.01; do echo chatter; done' & sleep 0.1; echo done";
    let start = Instant::now();
    let mut request = request(&["sh", "-c", script]);
    // More than a pipe takes: whoever waits until it is written waits for the daemon.
    request.stdin = vec![0; 1 << 20];
    let finished = run_with(&request, None).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(matches!(finished.status, Status::Exited(0)));
    let said = String::from_utf8(finished.stdout).unwrap();
    assert!(said.contains("done\n"), "{said}");
}

#[tokio::test]
async fn what_a_program_said_is_kept_to_the_last_byte_however_slow_the_listener_is() {
    let script = "head -c 300000 /dev/zero; echo end";
    let request = Request {
        live: true,
        ..request(&["sh", "-c", script])
    };
    let finished = run_with(&request, None).await.unwrap();
    assert_eq!(finished.stdout.len(), 300_004);
    assert!(finished.stdout.ends_with(b"end\n"));
}

#[tokio::test]
async fn what_a_program_said_before_its_time_was_over_is_kept() {
    let start = Instant::now();
    let request = Request {
        timeout_ms: Some(300),
        ..request(&["sh", "-c", "echo half; echo why >&2; sleep 60; echo whole"])
    };
    let finished = run_with(&request, None).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(matches!(finished.status, Status::TimedOut));
    assert_eq!(
        (&*finished.stdout, &*finished.stderr),
        (&b"half\n"[..], &b"why\n"[..])
    );
}

#[tokio::test]
async fn a_group_is_killed_once() {
    let (mut child, mut group) = spawn(&request(&["true"]), "/", None).map_err(drop).unwrap();
    child.wait().await.unwrap();
    assert!(group.is_armed());
    group.end();
    assert!(!group.is_armed());
}

/// Notes the numbers of commands that it should forget. What a child says to it stays with the child.
#[derive(Default)]
struct Notes {
    forgotten: Mutex<Vec<u32>>,
    dead: bool,
}

impl Guard for Notes {
    fn expect(&self) -> io::Result<u32> {
        match self.dead {
            true => Err(io::Error::other("no guard")),
            false => Ok(7),
        }
    }

    fn watch(&self, number: u32) -> io::Result<()> {
        assert_eq!(number, 7);
        Ok(())
    }

    fn forget(&self, number: u32) {
        self.forgotten.lock().unwrap().push(number);
    }
}

#[tokio::test]
async fn the_guard_forgets_each_command_once() {
    let notes = Arc::new(Notes::default());
    let guard: Arc<dyn Guard> = notes.clone();
    run_with(&request(&["true"]), Some(&guard)).await.unwrap();
    assert_eq!(*notes.forgotten.lock().unwrap(), [7]);
    // One that never began, although its process did.
    let nothing = run_with(&request(&["/nowhere/program"]), Some(&guard)).await;
    assert!(matches!(nothing, Err(Error::NotFound(_))), "{nothing:?}");
    assert_eq!(*notes.forgotten.lock().unwrap(), [7, 7]);
}

#[tokio::test]
async fn without_its_guard_no_command_starts() {
    let guard: Arc<dyn Guard> = Arc::new(Notes {
        dead: true,
        ..Notes::default()
    });
    let refused = run_with(&request(&["true"]), Some(&guard)).await;
    assert!(
        matches!(&refused, Err(Error::Io(why)) if why.contains("no guard")),
        "{refused:?}"
    );
}
