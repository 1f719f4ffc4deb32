//! A registry that wants to know who asks, and the places where `docker login` leaves that.

use super::server::{PASSWORD, Registry, USER, base64};
use crate::support::{Run, example, finished};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Pushes something and pulls it again, if it may.
fn push_and_pull(registry: &Registry, program: impl Fn() -> Command) -> Run {
    let reference = registry.reference("calculator:1");
    let pushed = finished(
        &program()
            .args(["push", &example("calculator"), &reference])
            .output()
            .unwrap(),
    );
    if pushed.status != 0 {
        return pushed;
    }
    finished(&program().args(["doc", &reference]).output().unwrap())
}

#[test]
fn whoever_has_no_password_is_told_how_to_give_one() {
    let registry = Registry::with_password();
    let run = push_and_pull(&registry, || registry.program()).status(1);
    let login = format!("`docker login {}`", registry.address);
    run.stderr_has(&[
        "the registry does not allow it",
        &login,
        "gives credentials",
    ]);
    let run = registry
        .run(&["doc", &registry.reference("calculator:1")])
        .status(1);
    run.stderr_has(&["the registry does not allow it"]);
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let registry = Registry::with_password();
    registry.log_in("swordfish");
    let run = push_and_pull(&registry, || {
        let mut program = registry.program();
        program.env("ZYMOGEN_LOG", "trace");
        program
    });
    let run = run.status(1).stderr_has(&["do they still hold?"]);
    for secret in ["swordfish", &base64(&format!("{USER}:swordfish"))] {
        assert!(!run.stderr.contains(secret), "{}", run.stderr);
    }
}

#[test]
fn the_right_password_is_found_where_docker_keeps_it() {
    let registry = Registry::with_password();
    registry.log_in(PASSWORD);
    push_and_pull(&registry, || registry.program()).status(0);
}

#[test]
fn a_helper_of_docker_is_asked() {
    let registry = Registry::with_password();
    registry.docker_config(r#"{"credsStore": "test"}"#);
    let helper = registry.path("docker-credential-test");
    let script = format!(
        "#!/bin/sh\nread -r server\n[ \"$1 $server\" = 'get {}' ] || {{ echo credentials not found in native keychain; exit 1; }}\n\
         echo '{{\"ServerURL\":\"\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
        registry.address
    );
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", registry.path("").display());
    let program = || {
        let mut program = registry.program();
        program.env("PATH", &path);
        program
    };
    push_and_pull(&registry, program).status(0);
    // It knows no other registry, and that is no error.
    let other = Registry::new();
    push_and_pull(&other, || {
        let mut program = other.program();
        program
            .env("PATH", &path)
            .env("DOCKER_CONFIG", registry.path("docker"));
        program
    })
    .status(0);
}
