//! Registries that no real one is: what they answer ends in an error, and not in a full memory or a crash.

use crate::support::{Run, example, finished, zymogen};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};

/// Answers each request, until the test ends, and is asked for one module.
fn doc(answer: fn(request: &str, stream: &mut TcpStream)) -> Run {
    run(&["doc"], answer)
}

/// The same for any command whose last argument is a reference.
fn run(command: &[&str], answer: fn(request: &str, stream: &mut TcpStream)) -> Run {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // To close one with something unread in it would take back the answer.
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(first)) = lines.next() else {
                continue;
            };
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            answer(&first, &mut stream);
            open.push(stream);
        }
    });
    let cache = tempfile::tempdir().unwrap();
    let mut program = zymogen();
    program
        .env("XDG_CACHE_HOME", cache.path())
        .env("DOCKER_CONFIG", cache.path())
        .args(command)
        .arg(format!("oci:{address}/motd:1"));
    finished(&program.output().unwrap())
}

/// Is this the question whether a registry is here, and who may ask it?
fn is_greeting(request: &str) -> bool {
    request.starts_with("GET /v2/ ")
}

fn reply(stream: &mut TcpStream, headers: &str, body: &str) {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {headers}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    // Whoever has heard enough hangs up.
    let _ = stream.write_all(text.as_bytes());
}

#[test]
fn a_manifest_without_end_is_not_read_to_its_end() {
    let run = doc(|request, stream| {
        if is_greeting(request) {
            return reply(stream, "200 OK", "");
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
    });
    run.status(1).stderr_has(&["its tag is larger than 4"]);
}

#[test]
fn a_token_that_cannot_be_sent_is_an_error() {
    let run = doc(|request, stream| {
        if is_greeting(request) {
            let realm = format!("http://{}/token", stream.local_addr().unwrap());
            let headers = format!(
                "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"{realm}\",service=\"x\""
            );
            return reply(stream, &headers, "");
        }
        reply(stream, "200 OK", r#"{"token": "a\nb"}"#);
    });
    let run = run.status(1).stderr_has(&["cannot be used: its token"]);
    assert!(!run.stderr.contains("panicked"), "{run:?}");
}

#[test]
fn what_a_registry_says_about_an_error_is_shown_in_one_line() {
    let run = doc(|request, stream| {
        if is_greeting(request) {
            return reply(stream, "200 OK", "");
        }
        let body = r#"{"errors": [{"code": "X", "message": "go \u001b[31m away\nnow"}]}"#;
        reply(stream, "418 Teapot", body);
    });
    let run = run.status(1).stderr_has(&["answered with status 418: go "]);
    assert!(!run.stderr.contains("now"), "{run:?}");
    assert!(!run.stderr.contains('\u{1b}'), "{run:?}");
}

#[test]
fn a_redirection_without_end_ends() {
    let run = doc(|request, stream| {
        if is_greeting(request) {
            return reply(stream, "200 OK", "");
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let to = format!("307 Temporary Redirect\r\nLocation: {path}x");
        reply(stream, &to, "");
    });
    run.status(1)
        .stderr_has(&["motd:1: the registry", "too many redirects"]);
}

/// The client takes it for granted that an upload has an address, if the first attempt went wrong in another way.
#[test]
fn an_upload_to_nowhere_is_an_error() {
    let calculator = example("calculator");
    let run = run(&["push", &calculator], |request, stream| {
        static UPLOADS: AtomicU32 = AtomicU32::new(0);
        let (method, _) = request.split_once(' ').unwrap();
        let headers = match method {
            "GET" | "PATCH" => "200 OK",
            "POST" if UPLOADS.fetch_add(1, Ordering::Relaxed) == 0 => {
                "202 Accepted\r\nLocation: /v2/first"
            }
            "POST" => "202 Accepted\r\nLocation: http://[nowhere",
            _ => "404 Not Found",
        };
        reply(stream, headers, "");
    });
    let run = run
        .status(1)
        .stderr_has(&["motd:1: the registry's answer cannot be used: it makes no sense"]);
    assert!(run.stdout.is_empty(), "{run:?}");
}
