//! Programs that ask for something before they lead anywhere. What `sudo`, `su` and `ssh` do is tested with them themselves.

use crate::support::{Stock, Target, finish};
use connect::{
    Answer, Cause, ConnectError, Dialogue, FailureKind, Options, Phase, Secret, Started, Stdio,
    start,
};
use std::time::Duration;

/// Starts the stand-in behind a script that asks.
async fn asked(
    script: &str,
    stdio: Stdio,
    answers: &[(&str, &str)],
) -> Result<(Target, Started), ConnectError> {
    let (target, stock) = (Target::new("sh").behind(script), Stock::new());
    let answers = answers.iter().map(|(about, reply)| Answer {
        about: (*about).to_owned(),
        reply: Secret((*reply).to_owned()),
    });
    let mut launch = target.launch(&stock.boot());
    launch.stdio = stdio;
    launch.dialogue = Some(Dialogue {
        prompt: Some("[the mark]".to_owned()),
        answers: answers.collect(),
    });
    let options = Options {
        deadline: Duration::from_secs(20),
        ..Options::default()
    };
    let started = start(&launch, &stock, &options).await?;
    Ok((target, started))
}

/// Asks on a stream until it hears `secret`, twice at most.
fn asks(prompt: &str, out: &str, input: &str) -> String {
    format!(
        "for i in 1 2; do printf '{prompt}' >{out}; read -r said <{input} || exit 7; echo >{out}; \
         [ \"$said\" = secret ] && break; echo Sorry >{out}; done; [ \"$said\" = secret ] || exit 1"
    )
}

/// Where a program may ask, and how it is told.
fn ways() -> [(Stdio, String); 4] {
    [
        (Stdio::Pipe, asks("Passwort: ", "&2", "&0")),
        (Stdio::Pipe, asks("Mot de passe : ", "&1", "&0")),
        (Stdio::Pipe, asks("whatever [the mark]", "&2", "&0")),
        (
            Stdio::Terminal,
            asks("u@h password: ", "/dev/tty", "/dev/tty"),
        ),
    ]
}

#[tokio::test]
async fn the_right_answer_opens_the_way() {
    for (stdio, script) in ways() {
        let answers = [("verification", "wrong"), ("", "secret")];
        let started = asked(&script, stdio, &answers).await;
        let (_target, started) = started.unwrap_or_else(|error| panic!("{script}: {error}"));
        finish(started).await;
    }
}

#[tokio::test]
async fn the_wrong_answer_is_given_once() {
    for (stdio, script) in ways() {
        let error = asked(&script, stdio, &[("", "guess")]).await;
        let error = error.map(|_| ()).expect_err(&script);
        assert_eq!(error.phase, Phase::Authenticate, "{script}: {error}");
        assert!(
            matches!(&*error.cause, Cause::Refused(_)),
            "{script}: {error}"
        );
        assert!(!format!("{error:?}").contains("guess"), "{error:?}");
    }
}

#[tokio::test]
async fn a_question_without_an_answer_is_not_waited_for() {
    for (stdio, script) in ways() {
        let error = asked(&script, stdio, &[("passphrase", "secret")]).await;
        let error = error.map(|_| ()).expect_err(&script);
        assert_eq!(error.phase, Phase::Authenticate, "{script}: {error}");
        let FailureKind::Asked(question) = error.cause.kind() else {
            panic!("{script}: {error}");
        };
        assert!(script.contains(&question), "{question}");
    }
}

#[tokio::test]
async fn what_is_shown_as_it_is_typed_is_no_secret_to_the_terminal_alone() {
    // A program that forgets to switch the echo off, and one that shows stars, as sudo's pwfeedback does.
    let script = "printf 'Password: ' > /dev/tty; read -r said < /dev/tty; printf '******\\n' > /dev/tty; \
                  [ \"$said\" = secret ] || exit 1; echo 'and in' >&2";
    let started = asked(script, Stdio::Terminal, &[("", "secret")]).await;
    let (target, started) = started.expect("a start");
    let parts = crate::support::welcomed(started).await;
    let said = parts.tail.lines().join("|");
    assert!(
        said.contains("Password: ******") && !said.contains("secret"),
        "{said}"
    );
    crate::support::end(parts).await;
    drop(target);
}

#[tokio::test]
async fn what_the_target_prints_beside_the_terminal_is_no_question() {
    let script = "printf 'your password: ' >&2; printf 'your password: '";
    let started = asked(script, Stdio::Terminal, &[("", "secret")]).await;
    let (target, started) = started.expect("a start");
    let parts = crate::support::welcomed(started).await;
    crate::support::end(parts).await;
    let received = std::fs::read(target.at("home/received")).expect("what it heard");
    assert!(!received.windows(6).any(|six| six == b"secret"));
    assert!(!received.is_empty());
}

#[tokio::test]
async fn a_program_that_ends_over_its_question_has_ended() {
    let script = "printf 'Password: ' >&2; exit 5";
    let error = asked(script, Stdio::Pipe, &[("", "secret")]).await;
    let error = error.map(|_| ()).expect_err("an end");
    assert_eq!(error.cause.kind(), FailureKind::Ended(Some(5)), "{error}");
    assert_eq!(error.said, ["Password:"]);
}
