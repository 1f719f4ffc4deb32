//! Connections that do not come about: each error names the phase and keeps what the target said.

use crate::support::{Stock, Target, stand_in};
use connect::{Bandwidth, Cause, Exit, Launch, Options, Phase, Stdio, start};
use std::time::{Duration, Instant};

fn launch(script: &str) -> Launch {
    Launch {
        hop: "test".to_owned(),
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        stdio: Stdio::Pipe,
        dialogue: None,
        bandwidth: Bandwidth::Cheap,
    }
}

async fn failure(script: &str) -> connect::ConnectError {
    let options = Options {
        deadline: Duration::from_millis(700),
        ..Options::default()
    };
    let started = start(&launch(script), &Stock::new(), &options).await;
    started.expect_err("it cannot start")
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let mut launch = launch(":");
    launch.argv[0] = "no-such-program".to_owned();
    let error = start(&launch, &Stock::new(), &Options::default()).await;
    let error = error.expect_err("no program");
    assert_eq!(error.phase, Phase::Spawn);
    let text = error.to_string();
    assert!(
        text.starts_with("test: spawn: cannot start `no-such-program`: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_child_that_dies_at_once_is_quoted() {
    let error =
        failure("echo 'this account is locked'; echo 'permission denied' >&2; exit 3").await;
    assert_eq!(error.phase, Phase::FirstStage);
    assert!(
        matches!(&*error.cause, Cause::Ended(Exit::Code(3))),
        "{error}"
    );
    let mut said = error.said.clone();
    said.sort();
    assert_eq!(said, ["permission denied", "this account is locked"]);
    let error = failure("kill -9 $$").await;
    assert!(
        matches!(&*error.cause, Cause::Ended(Exit::Signal(9))),
        "{error}"
    );
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let error = failure("echo waiting >&2; exec sleep 100").await;
    assert!(matches!(&*error.cause, Cause::Timeout(_)), "{error}");
    assert_eq!(error.phase, Phase::FirstStage);
    assert_eq!(
        error.to_string(),
        "test: first stage: timed out after 0.7 s; it said: waiting"
    );
}

#[tokio::test]
async fn a_process_that_ignores_everything_is_gone_after_the_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let pid = dir.path().join("pid");
    let begun = Instant::now();
    failure(&format!(
        "trap '' TERM HUP; echo $$ > {}; while :; do sleep 1; done",
        pid.display()
    ))
    .await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    let pid = std::fs::read_to_string(pid).expect("its id");
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists());
}

#[tokio::test]
async fn silence_after_ready_is_the_phase_of_the_hello() {
    let error = failure("echo ZYMOGEN begin; echo ZYMOGEN ready; exec sleep 100").await;
    assert_eq!(error.phase, Phase::Hello);
    assert!(matches!(&*error.cause, Cause::Timeout(_)), "{error}");
}

#[tokio::test]
async fn lines_that_come_before_the_first_stage_begins_or_when_it_has() {
    for said in [
        "echo ZYMOGEN ready",
        "echo ZYMOGEN error cache forged",
        "echo ZYMOGEN begin; echo ZYMOGEN begin",
    ] {
        let error = failure(&format!("{said}; exec sleep 100")).await;
        assert!(
            matches!(&*error.cause, Cause::Protocol(_)),
            "{said}: {error}"
        );
        assert_eq!(error.phase, Phase::FirstStage);
    }
}

#[tokio::test]
async fn a_first_frame_that_is_none_of_ours() {
    let error =
        failure("echo ZYMOGEN begin; echo ZYMOGEN ready; echo 'and now for something different'")
            .await;
    assert_eq!(error.phase, Phase::Hello);
    assert!(matches!(&*error.cause, Cause::Frame(_)), "{error}");
}

#[tokio::test]
async fn a_system_or_machine_without_images() {
    let error =
        failure("echo ZYMOGEN begin; echo ZYMOGEN need 1 Darwin arm64 gzip none; read -r x").await;
    assert_eq!(error.phase, Phase::Image);
    assert_eq!(
        error.to_string(),
        "test: image: no slave image for Darwin on arm64"
    );
    let error =
        failure("echo ZYMOGEN begin; echo ZYMOGEN need 1 Linux vax gzip none; read -r x").await;
    assert!(
        error.to_string().contains("there is no image for vax"),
        "{error}"
    );
}

#[tokio::test]
async fn a_target_that_gives_up_during_the_transfer() {
    // The image is larger than what fits into a pipe: sending blocks until the target is gone.
    let mut stock = Stock::new();
    stock.image.resize(4 << 20, b'#');
    let machine = crate::support::machine();
    let script = format!(
        "echo ZYMOGEN begin; echo ZYMOGEN need 1 Linux {machine} none; read -r line; \
         echo ZYMOGEN error transfer disk full; exec sleep 100"
    );
    let error = start(&launch(&script), &stock, &Options::default()).await;
    let error = error.expect_err("a full disk");
    assert_eq!(error.to_string(), "test: image: disk full (transfer)");
}

#[tokio::test]
async fn an_image_that_cannot_start() {
    for shell in crate::support::SHELLS {
        let target = Target::new(shell);
        let stock = Stock::of(&stand_in("").replace("#!/bin/sh", "#!/no/such/interpreter"));
        for boot in [stock.boot(), stock.boot().leave_nothing()] {
            let error = target.start_with(&stock, &boot).await.expect_err(shell);
            let cause = error.to_string();
            assert!(cause.contains("cannot start /"), "{shell}: {cause}");
        }
        // From the cache, it makes room for the next one's.
        stock.install(&target.cache());
        let error = target.start(&stock).await.expect_err(shell);
        assert!(
            error.to_string().contains("cannot start /"),
            "{shell}: {error}"
        );
        assert_eq!(target.left(), [""; 0], "{shell}");
    }
}

#[tokio::test]
async fn an_image_that_crashes_is_quoted() {
    let target = Target::new("sh");
    let stock = Stock::of("#!/bin/sh\necho 'out of memory' >&2\nexit 70\n");
    let error = target.start(&stock).await.expect_err("a crash");
    assert_eq!(error.phase, Phase::Image);
    assert!(
        matches!(&*error.cause, Cause::Ended(Exit::Code(70))),
        "{error}"
    );
    assert_eq!(error.said, ["out of memory"]);
}

#[tokio::test]
async fn a_slave_of_another_build_is_sent_away() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let started = target.start(&stock).await.expect("a start");
    let ours = proto::message::CompatibilityId("ab".repeat(16));
    let error = started.incompatible(&ours).await;
    assert_eq!(error.phase, Phase::Hello);
    assert!(error.to_string().contains(&ours.0), "{error}");
}

#[tokio::test]
async fn what_is_withheld_is_in_no_environment() {
    let options = Options {
        withheld: vec!["PATH".to_owned()],
        ..Options::default()
    };
    let mut launch = launch("echo \"path: ${PATH-none}\" >&2; exit 3");
    launch.argv[0] = "/bin/sh".to_owned();
    let mut said = Vec::new();
    for options in [options, Options::default()] {
        let started = start(&launch, &Stock::new(), &options).await;
        said.extend(started.expect_err("it ends").said);
    }
    // A shell may have a path of its own.
    let path = std::env::var("PATH").expect("a path");
    assert_eq!(said[1], format!("path: {path}"));
    assert_ne!(said[0], said[1]);
}
