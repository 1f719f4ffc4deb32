//! A child that a context is told to start.

use super::example::{Example, down, item, up, with_reply};
use super::{REPLY, hello};
use proto::message::{
    Answer, Bandwidth, Dialogue, FailureKind, Form, ImageId, Launch, LaunchChild, LaunchFailure,
    Launched, Phase, Secret, Stdio, Times,
};
use proto::{ContextId, Handle};

pub fn all() -> Vec<Example> {
    let launch = LaunchChild {
        launch: Launch {
            hop: "su:web".to_owned(),
            argv: vec!["sh".to_owned(), "-c".to_owned(), "exit".to_owned()],
            stdio: Stdio::Pipe,
            dialogue: Some(Dialogue {
                prompt: None,
                of_root: false,
                answers: vec![Answer {
                    to: vec![Form {
                        starts: String::new(),
                        ends: ":".to_owned(),
                    }],
                    reply: Secret("secret".to_owned()),
                }],
            }),
            bandwidth: Bandwidth::Cheap,
        },
        images: vec![ImageId {
            machine: "x86_64".to_owned(),
            sha256: "0f".repeat(32),
            size: 5_000_000,
            content: None,
        }],
        cache: true,
        deadline_ms: 30_000,
    };
    let started = Launched::Started {
        context: ContextId(4),
        hello: hello(),
        sent: Some(5_000_000),
        times: Times {
            spawn: 500,
            reach: 20_000,
            image: Some(300_000),
            hello: 900,
        },
    };
    let failed = Launched::Failed(LaunchFailure {
        hop: "su:web".to_owned(),
        phase: Phase::FirstStage,
        kind: FailureKind::Timeout,
        cause: "timed out after 30 s".to_owned(),
        said: vec!["no such host".to_owned()],
    });
    vec![
        item(
            "launch-child",
            with_reply(down(Handle::LAUNCH), REPLY),
            launch,
        ),
        item("launched-started", up(REPLY), started),
        item("launched-failed", up(REPLY), failed),
    ]
}
