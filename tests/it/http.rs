//! `wasi:http`: requests to what is granted, against a server in the test.

use crate::support::{Run, example, run};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

/// A server for one connection: reads up to the end of a request that ends so, and says this.
struct Server {
    port: u16,
    served: JoinHandle<String>,
}

impl Server {
    fn start(request_ends: &'static str, says: impl AsRef<[u8]> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.ends_with(request_ends.as_bytes()) {
                let count = stream.read(&mut piece).unwrap();
                assert_ne!(count, 0, "{}", String::from_utf8_lossy(&request));
                request.extend_from_slice(&piece[..count]);
            }
            // Whoever has heard enough may have left.
            let _ = stream.write_all(says.as_ref());
            String::from_utf8(request).unwrap()
        });
        Self { port, served }
    }
}

fn fetch(call: &str, grants: &[String]) -> Run {
    let module = example("fetch");
    let mut arguments = vec!["call", "local", &module, call];
    for grant in grants {
        arguments.extend(["-g", grant]);
    }
    run(&arguments)
}

const OK: &str = "HTTP/1.1 200 OK\r\nX-Kind: test\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn what_is_granted_is_asked_by_number_or_name() {
    for host in ["127.0.0.1", "localhost"] {
        let server = Server::start("\r\n\r\n", OK);
        let port = server.port;
        let call = format!("get(\"http://{host}:{port}/health?deep=1\")");
        let ended = fetch(&call, &[format!("net:{host}:{port}")]).status(0);
        for part in [
            "status: 200",
            "(\"x-kind\", \"test\")",
            "[104, 101, 108, 108, 111]",
        ] {
            assert!(ended.stdout.contains(part), "{ended:?}");
        }
        let request = server.served.join().unwrap();
        assert!(
            request.starts_with("GET /health?deep=1 HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.contains(&format!("host: {host}:{port}\r\n")),
            "{request}"
        );
    }
}

#[test]
fn a_body_goes_and_a_long_one_in_pieces_comes() {
    let mut says = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..1000 {
        says.extend_from_slice(b"400\r\n");
        says.extend_from_slice(&[b'.'; 1024]);
        says.extend_from_slice(b"\r\n");
    }
    says.extend_from_slice(b"0\r\n\r\n");
    let server = Server::start("deployed", says);
    let port = server.port;
    let call = format!("post(\"http://127.0.0.1:{port}\", \"deployed\")");
    let ended = fetch(&call, &[format!("net:127.0.0.1:{port}")]).status(0);
    assert!(ended.stdout.contains("status: 201"), "{ended:?}");
    assert_eq!(ended.stdout.matches("46").count(), 1000 << 10);
    let request = server.served.join().unwrap();
    assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-length: 8\r\n"), "{request}");
}

#[test]
fn what_is_not_granted_is_denied_and_says_what_would_help() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let other = format!("net:127.0.0.1:{}", port ^ 1);
    for (host, grants) in [
        ("127.0.0.1", vec![]),
        ("127.0.0.1", vec![other]),
        // A name is granted, and not its number.
        ("localhost", vec![format!("net:127.0.0.1:{port}")]),
    ] {
        let ended = fetch(&format!("get(\"http://{host}:{port}/\")"), &grants).status(3);
        assert!(ended.stdout.contains("HttpRequestDenied"), "{ended:?}");
        ended.stderr_has(&[&format!("`net:{host}:{port}`")]);
    }
    // Nobody has even tried.
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

#[test]
fn what_is_not_plain_http_says_so() {
    let grants = ["net:127.0.0.1:443".to_owned()];
    for (url, part) in [
        ("https://127.0.0.1/", "only plain `http`"),
        ("gopher://127.0.0.1/", "HttpProtocolError"),
        ("http://127.0.0.1:99999/", "HttpRequestUriInvalid"),
    ] {
        let ended = fetch(&format!("get(\"{url}\")"), &grants).status(3);
        assert!(ended.stdout.contains(part), "{ended:?}");
    }
}

#[test]
fn a_server_that_says_nothing_costs_the_time_of_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (module, grant) = (example("fetch"), format!("net:127.0.0.1:{port}"));
    let call = format!("get(\"http://127.0.0.1:{port}/\")");
    let limit = ["--timeout", "500ms"];
    let arguments = [
        ["call", "local", &module, &call, "-g", &grant].as_slice(),
        &limit,
    ]
    .concat();
    run(&arguments)
        .status(3)
        .stderr_has(&["took longer than 0.5 s"]);
}

#[test]
fn a_server_that_says_something_else_is_an_error_of_the_request() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
    for says in ["SSH-2.0-OpenSSH_9.2\r\n", "", cut] {
        let server = Server::start("\r\n\r\n", says);
        let port = server.port;
        let call = format!("get(\"http://127.0.0.1:{port}/\")");
        let ended = fetch(&call, &[format!("net:127.0.0.1:{port}")]).status(3);
        assert!(ended.stdout.starts_with("err("), "{says:?} {ended:?}");
    }
}
