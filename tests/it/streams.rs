//! Streams and futures into guests and out of them: over several hops, at the pace of whoever reads, and how they end.

use crate::forest::{assert_nothing_left, end, line, master};
use crate::support::{example, run};
use host::master::{CallOptions, CallResult, Feed, Incoming, Piece};
use host::module::Module;
use proto::CallLimits;
use proto::message::{DeadReason, LimitKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime::component::Val;

const LOG: &str = "\
192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 512
2001:db8::8 - - [10/Oct/2025:13:55:37 +0000] \"GET /x HTTP/1.1\" 404 -
";

fn logpipe(master: &host::master::Master) -> Arc<Module> {
    master.repository().find(&example("logpipe")).unwrap()
}

/// Gives line breaks, as many as are asked for, up to an end.
struct Breaks {
    left: u64,
    given: Arc<AtomicU64>,
}

impl AsyncRead for Breaks {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Task<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let count = self.left.min(buffer.remaining() as u64);
        buffer.put_slice(&vec![b'\n'; usize::try_from(count).unwrap()]);
        self.left -= count;
        self.given.fetch_add(count, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

fn breaks(length: u64) -> (Feed, Arc<AtomicU64>) {
    let given = Arc::<AtomicU64>::default();
    let feed = Breaks {
        left: length,
        given: given.clone(),
    };
    (Box::new(feed), given)
}

async fn values(incoming: &mut Incoming) -> Vec<Val> {
    match incoming.next().await {
        Ok(Some(Piece::Values(values))) => values,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_goes_through_a_function_of_streams() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("access.log");
    std::fs::write(&log, LOG).unwrap();
    let (log, logpipe) = (log.to_str().unwrap(), example("logpipe"));
    for context in ["local", "local,local"] {
        let call = ["call", context, &logpipe, "redact()", "--feed", log];
        let hidden = LOG.replace("192.0.2.7", "192.0.2.x");
        let hidden = hidden.replace("2001:db8::8", "2001:db8::x");
        run(&call).status(0).stdout(&hidden);
    }
}

#[test]
fn a_stream_is_written_and_printed_as_a_list_and_a_future_as_its_value() {
    let logpipe = example("logpipe");
    let call = |call: &str| run(&["call", "local", &logpipe, call, "-o", "json"]).status(0);
    let parsed = call(&format!("parse({LOG:?})")).json();
    let entries = serde_json::json!([
        [
            { "client": "192.0.2.7", "request": "GET / HTTP/1.1", "status": 200, "size": 512 },
            { "client": "2001:db8::8", "request": "GET /x HTTP/1.1", "status": 404, "size": null },
        ],
        { "ok": { "lines": 2, "failed": 1 } },
    ]);
    assert_eq!(parsed[0]["result"], entries);
    let failures = call(
        "failures([{client: \"a\", request: \"b\", status: 500, size: some(7)}, {client: \"c\", request: \"d\", status: 200}])",
    );
    let expected = serde_json::json!([{ "client": "a", "request": "b", "status": 500, "size": 7 }]);
    assert_eq!(failures.json()[0]["result"], expected);
    assert_eq!(call("wait(\"soon\")").json()[0]["result"], "soon");
    assert_eq!(call("later(\"soon\")").json()[0]["result"], "soon");
    let ticks = serde_json::json!([null, null, null]);
    assert_eq!(call("ticks(3)").json()[0]["result"], ticks);
}

#[test]
fn a_stream_that_breaks_off_says_so_behind_what_it_carried() {
    let logpipe = example("logpipe");
    let ended = run(&["call", "local,local", &logpipe, "break-off(5)"]).status(3);
    assert_eq!(ended.stdout, "xxxxx");
    ended.stderr_has(&["is not complete", "trapped"]);
}

#[test]
fn what_feeds_a_stream_must_have_a_place() {
    let (logpipe, calculator) = (example("logpipe"), example("calculator"));
    let says = ["--feed is for functions whose last parameter is a stream<u8>"];
    for call in [
        [
            "call",
            "local",
            &calculator,
            "add(1)",
            "--feed",
            "/etc/passwd",
        ],
        [
            "call",
            "local",
            &logpipe,
            "failures()",
            "--feed",
            "/etc/passwd",
        ],
    ] {
        run(&call).status(1).stderr_has(&says);
    }
    let missing = ["call", "local", &logpipe, "measure()", "--feed", "/no/such"];
    run(&missing).status(1).stderr_has(&["/no/such"]);
}

#[tokio::test]
async fn more_than_fits_into_memory_flows_through() {
    const LENGTH: u64 = 96 << 20;
    let master = master();
    let logpipe = logpipe(&master);
    let measure = logpipe.function("measure").unwrap();
    let line = line(&master, 2).await;
    let options = CallOptions {
        limits: CallLimits {
            memory_bytes: 8 << 20,
            ..CallLimits::default()
        },
        ..CallOptions::default()
    };
    let (feed, _) = breaks(LENGTH);
    let streaming = line[1].stream(&logpipe, &measure, &[Val::U64(0)], vec![feed], &options);
    let result = streaming.await.unwrap().collect().await;
    assert_eq!(result, CallResult::Returned(Some(Val::U64(LENGTH))));
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

/// Nobody takes what comes out: so the guest stops, and what feeds it, too.
#[tokio::test]
async fn a_writer_waits_for_its_reader() {
    let master = master();
    let logpipe = logpipe(&master);
    let redact = logpipe.function("redact").unwrap();
    let line = line(&master, 2).await;
    let (feed, given) = breaks(u64::MAX);
    let options = CallOptions::default();
    let streaming = line[1].stream(&logpipe, &redact, &[Val::U64(0)], vec![feed], &options);
    let streaming = streaming.await.unwrap();
    let given = || given.load(Ordering::Relaxed);
    // Until nothing moves any more.
    let stopped = loop {
        let before = given();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if before > 0 && before == given() {
            break before;
        }
    };
    assert!(stopped < 64 << 20, "{stopped} bytes are on their way");
    drop(streaming);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_guest_ends_when_its_reader_leaves() {
    let master = master();
    let logpipe = logpipe(&master);
    let numbers = logpipe.function("numbers").unwrap();
    let line = line(&master, 2).await;
    let options = CallOptions::default();
    // More than may live at once: the last would wait for ever if the first were still there.
    for _ in 0..100 {
        let streaming = line[1].stream(&logpipe, &numbers, &[], Vec::new(), &options);
        let mut streaming = streaming.await.unwrap();
        let mut incoming = streaming.incoming.pop().unwrap();
        assert_eq!(values(&mut incoming).await[..2], [Val::U64(0), Val::U64(1)]);
    }
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

/// It waits for its input, and so does not try to write to whoever is gone.
#[tokio::test]
async fn a_quiet_guest_ends_when_its_reader_leaves() {
    let master = master();
    let logpipe = logpipe(&master);
    let redact = logpipe.function("redact").unwrap();
    let line = line(&master, 2).await;
    let options = CallOptions::default();
    let mut never = Vec::new();
    // Again more than may live at once.
    for _ in 0..100 {
        let (mine, theirs) = tokio::io::duplex(1);
        never.push(mine);
        let feed: Vec<Feed> = vec![Box::new(theirs)];
        let streaming = line[1].stream(&logpipe, &redact, &[Val::U64(0)], feed, &options);
        assert_eq!(streaming.await.unwrap().incoming.len(), 1);
    }
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_function_may_leave_the_rest_of_what_it_is_fed() {
    let master = master();
    let logpipe = logpipe(&master);
    let first = logpipe.function("first").unwrap();
    let line = line(&master, 2).await;
    let (feed, given) = breaks(u64::MAX);
    let options = CallOptions::default();
    let streaming = line[1].stream(&logpipe, &first, &[Val::U64(0)], vec![feed], &options);
    let result = streaming.await.unwrap().collect().await;
    let byte = Val::Option(Some(Box::new(Val::U8(b'\n'))));
    assert_eq!(result, CallResult::Returned(Some(byte)));
    // What was on its way, and no more.
    assert!(given.load(Ordering::Relaxed) < 64 << 20);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_guest_that_writes_beyond_its_time_is_stopped_and_the_reader_learns_why() {
    let master = master();
    let logpipe = logpipe(&master);
    let numbers = logpipe.function("numbers").unwrap();
    let line = line(&master, 1).await;
    let options = CallOptions {
        limits: CallLimits {
            wall_ms: 1_000,
            ..CallLimits::default()
        },
        ..CallOptions::default()
    };
    let streaming = line[0].stream(&logpipe, &numbers, &[], Vec::new(), &options);
    let mut incoming = streaming.await.unwrap().incoming.pop().unwrap();
    let dead = loop {
        match incoming.next().await {
            Ok(piece) => assert!(piece.is_some(), "it has no end"),
            Err(dead) => break dead,
        }
    };
    let DeadReason::Incomplete(why) = &dead.reason else {
        panic!("{dead}");
    };
    assert!(why.contains("time"), "{why}");
    drop(incoming);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn what_is_collected_counts_as_memory() {
    let master = master();
    let logpipe = logpipe(&master);
    let numbers = logpipe.function("numbers").unwrap();
    let line = line(&master, 1).await;
    let limits = CallLimits {
        memory_bytes: 4 << 20,
        ..CallLimits::default()
    };
    let result = line[0].call(&logpipe, &numbers, &[], proto::Policy::default(), limits);
    let over = CallResult::OverLimit {
        limit: LimitKind::Memory,
        allowed: 4 << 20,
    };
    assert_eq!(result.await.unwrap(), over);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_stream_ends_with_the_context_that_writes_it() {
    let master = master();
    let logpipe = logpipe(&master);
    let numbers = logpipe.function("numbers").unwrap();
    let mut line = line(&master, 2).await;
    let options = CallOptions::default();
    let last = line.pop().unwrap();
    let streaming = last.stream(&logpipe, &numbers, &[], Vec::new(), &options);
    let mut incoming = streaming.await.unwrap().incoming.pop().unwrap();
    values(&mut incoming).await;
    Arc::into_inner(last).unwrap().shutdown().await;
    let ended = async { while incoming.next().await.is_ok_and(|piece| piece.is_some()) {} };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, ended)
        .await
        .expect("it ends");
    drop(incoming);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}
