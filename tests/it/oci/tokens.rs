//! A registry that takes tokens only, as ghcr.io and docker.io do: its service gives them for a password, each for one
//! repository. The registry is the real one; the service is the test's, with openssl to sign.

use super::server::{PASSWORD, Registry, USER, base64};
use crate::support::example;
use crate::support::service::sh;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A key and a certificate for it.
const KEY: &str = r#"
    cd "$1"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=test -days 2 2>/dev/null
"#;

/// Signs claims as the registry wants to have them.
const SIGN: &str = r#"
    cd "$1"
    url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
    cert=$(openssl x509 -in cert.pem -outform der | openssl base64 -A)
    head=$(printf '{"typ":"JWT","alg":"RS256","x5c":["%s"]}' "$cert" | url)
    body=$head.$(printf '%s' "$2" | url)
    printf '%s.%s' "$body" "$(printf '%s' "$body" | openssl dgst -sha256 -sign key.pem -binary | url)"
"#;

fn registry() -> Registry {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = service.local_addr().unwrap();
    let mut keys = PathBuf::new();
    let registry = Registry::start(|directory| {
        keys = directory.to_owned();
        let here = directory.to_str().unwrap();
        sh(KEY, &[here]);
        format!(
            "auth: {{token: {{realm: 'http://{address}/token', service: test, issuer: test, \
             rootcertbundle: '{here}/cert.pem'}}}}\n"
        )
    });
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    let basic = format!("authorization: basic {auth}").to_lowercase();
    std::thread::spawn(move || {
        for stream in service.incoming() {
            serve(stream.unwrap(), &keys, &basic);
        }
    });
    registry
}

/// A token for what is asked for, if the password is right.
fn serve(mut stream: TcpStream, keys: &Path, basic: &str) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<_> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let known = head.iter().any(|line| line.to_lowercase() == basic);
    let (status, body) = match known {
        true => ("200 OK", token(&head[0], keys)),
        false => (
            "401 Unauthorized",
            r#"{"details": "who are you?"}"#.to_owned(),
        ),
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).unwrap();
}

fn token(request: &str, keys: &Path) -> String {
    let repository = "repository%3Aexamples%2Fcalculator%3Apull";
    assert!(
        request.contains(repository) && request.contains("service=test"),
        "{request}"
    );
    let actions = match request.contains("pull%2Cpush") {
        true => r#"["pull", "push"]"#,
        false => r#"["pull"]"#,
    };
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let (begin, end) = (
        now - Duration::from_secs(60),
        now + Duration::from_secs(600),
    );
    let (begin, end) = (begin.as_secs(), end.as_secs());
    let claims = format!(
        r#"{{"iss": "test", "sub": "ada", "aud": "test", "jti": "1", "iat": {begin}, "nbf": {begin}, "exp": {end},
            "access": [{{"type": "repository", "name": "examples/calculator", "actions": {actions}}}]}}"#
    );
    let token = sh(SIGN, &[keys.to_str().unwrap(), &claims]);
    format!(r#"{{"token": "{token}", "expires_in": 600}}"#)
}

#[test]
fn a_token_is_had_for_a_password_and_opens_the_repository() {
    let registry = registry();
    registry.log_in(PASSWORD);
    let (tagged, pinned) = super::pushed(&registry);
    registry.run(&["doc", &tagged]).status(0);
    registry.forget();
    registry.run(&["doc", &pinned]).status(0);
}

#[test]
fn without_the_password_there_is_no_token() {
    let registry = registry();
    let reference = registry.reference("examples/calculator:1");
    let push = ["push", &example("calculator"), &reference];
    let nobody = registry.run(&push).status(1);
    nobody.stderr_has(&["the registry does not allow it", "gives credentials"]);
    registry.log_in("swordfish");
    let wrong = registry.run(&push).status(1);
    let wrong = wrong.stderr_has(&["the registry does not allow it", "do they still hold?"]);
    assert!(!wrong.stderr.contains("swordfish"), "{wrong:?}");
}
