//! A registry that is not on this machine, as far as its address says: it is spoken to by HTTPS, and must show who it is.

use super::server::Registry;
use crate::support::service::sh;
use crate::support::{Run, example, finished};

/// A certificate for the address that means this machine, too, but not by its name.
const CERTIFICATE: &str = r#"
    cd "$1"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=test -days 2 \
        -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:0.0.0.0 2>/dev/null
"#;

#[test]
fn another_machines_registry_shows_a_certificate() {
    let registry = Registry::start(|directory| {
        let here = directory.to_str().unwrap();
        sh(CERTIFICATE, &[here]);
        format!("  tls: {{certificate: '{here}/cert.pem', key: '{here}/key.pem'}}\n")
    });
    let elsewhere = registry.reference("calculator:1");
    let elsewhere = elsewhere.replace("127.0.0.1", "0.0.0.0");
    let run = |arguments: &[&str], trusted: bool| -> Run {
        let mut program = registry.program();
        program.args(arguments);
        if trusted {
            program.env("SSL_CERT_FILE", registry.path("cert.pem"));
        }
        finished(&program.output().unwrap())
    };
    let push = ["push", &example("calculator"), &elsewhere];
    run(&push, false)
        .status(1)
        .stderr_has(&["cannot be reached", "certificate"]);
    run(&push, true).status(0);
    run(&["doc", &elsewhere], true).status(0);
    run(&["doc", &elsewhere], false)
        .status(1)
        .stderr_has(&["cannot be reached", "certificate"]);
    // What is not encrypted is not spoken with it.
    let other = Registry::new();
    let plain = other.reference("calculator:1");
    let plain = plain.replace("127.0.0.1", "0.0.0.0");
    run(&["doc", &plain], true)
        .status(1)
        .stderr_has(&["cannot be reached"]);
}
