//! Programs that ask for something before they lead anywhere. What `sudo`, `su` and `ssh` do is tested with them themselves.

use crate::support::{Stock, Target, finish};
use connect::{
    Answer, Cause, ConnectError, Dialogue, FailureKind, Form, Options, Phase, Secret, Started,
    Stdio, start,
};
use std::time::Duration;

/// What ends a question for sure.
const MARK: &str = "[the mark]";

/// Starts the stand-in behind a script that asks. Each answer is to questions that start like this.
async fn asked(
    script: &str,
    stdio: Stdio,
    mark: Option<&str>,
    answers: &[(&str, &str)],
) -> Result<(Target, Started), ConnectError> {
    let target = Target::new("sh").behind(script);
    let started = start_in(&target, &Stock::new(), stdio, mark, answers).await?;
    Ok((target, started))
}

async fn start_in(
    target: &Target,
    stock: &Stock,
    stdio: Stdio,
    mark: Option<&str>,
    answers: &[(&str, &str)],
) -> Result<Started, ConnectError> {
    let mut launch = target.launch(&stock.boot());
    launch.stdio = stdio;
    launch.dialogue = Some(dialogue(mark, answers));
    let options = Options {
        deadline: Duration::from_secs(20),
        ..Options::default()
    };
    start(&launch, stock, &options).await
}

fn dialogue(mark: Option<&str>, answers: &[(&str, &str)]) -> Dialogue {
    let answers = answers.iter().map(|(starts, reply)| Answer {
        to: vec![Form {
            starts: (*starts).to_owned(),
            ends: String::new(),
        }],
        reply: Secret((*reply).to_owned()),
    });
    Dialogue {
        prompt: mark.map(str::to_owned),
        of_root: true,
        answers: answers.collect(),
    }
}

/// Asks on a stream until it hears `secret`, twice at most.
fn asks(prompt: &str, out: &str, input: &str) -> String {
    format!(
        "for i in 1 2; do printf '{prompt}' >{out}; read -r said <{input} || exit 7; echo >{out}; \
         [ \"$said\" = secret ] && break; echo Sorry >{out}; done; [ \"$said\" = secret ] || exit 1"
    )
}

/// Where a program may ask, how, and how it is told.
fn ways() -> [(Stdio, Option<&'static str>, String); 4] {
    [
        (Stdio::Pipe, None, asks("Passwort: ", "&2", "&0")),
        (Stdio::Pipe, None, asks("Mot de passe : ", "&1", "&0")),
        (Stdio::Pipe, Some(MARK), asks("say [the mark]", "&2", "&0")),
        (
            Stdio::Terminal,
            None,
            asks("u@h password: ", "/dev/tty", "/dev/tty"),
        ),
    ]
}

#[tokio::test]
async fn the_right_answer_opens_the_way() {
    for (stdio, mark, script) in ways() {
        let answers = [("Verification", "wrong"), ("", "secret")];
        let started = asked(&script, stdio, mark, &answers).await;
        let (_target, started) = started.unwrap_or_else(|error| panic!("{script}: {error}"));
        finish(started).await;
    }
}

#[tokio::test]
async fn the_wrong_answer_is_given_once() {
    for (stdio, mark, script) in ways() {
        let error = asked(&script, stdio, mark, &[("", "guess")]).await;
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
    let other = (Stdio::Pipe, Some(MARK), asks("One-time code: ", "&2", "&0"));
    for (stdio, mark, script) in ways().into_iter().chain([other]) {
        // Where there is a mark, nothing else is answered.
        let starts = if mark.is_none() || script.contains(MARK) {
            "Enter passphrase for "
        } else {
            ""
        };
        let error = asked(&script, stdio, mark, &[(starts, "secret")]).await;
        let error = error.map(|_| ()).expect_err(&script);
        assert_eq!(error.phase, Phase::Authenticate, "{script}: {error}");
        let FailureKind::Asked(question) = error.cause.kind() else {
            panic!("{script}: {error}");
        };
        assert!(script.contains(&question), "{question}");
    }
}

#[tokio::test]
async fn a_start_file_that_stops_at_a_colon_is_no_question() {
    // Somebody who is slow: longer than a question that has an answer would be waited for.
    let slow = "printf 'loading modules:'; sleep 1; echo ' done'";
    for answers in [&[][..], &[("Password", "secret")]] {
        let started = asked(slow, Stdio::Pipe, None, answers).await;
        let (_target, started) = started.expect("a start");
        finish(started).await;
    }
    // One that goes on on the other stream does not hide a question.
    let asks = asks("Password: ", "&2", "&0");
    let script = format!("(sleep 0.05; printf 'loading modules' ) & {asks}; wait");
    let started = asked(&script, Stdio::Pipe, None, &[("Password", "secret")]).await;
    let (_target, started) = started.expect("a start");
    finish(started).await;
}

#[tokio::test]
async fn nobody_is_answered_once_the_first_stage_has_begun() {
    let asks = "printf 'Password: ' >&2; printf 'Password: [the mark]'; sleep 0.5; echo";
    for mark in [None, Some(MARK)] {
        let (target, stock) = (
            Target::new("sh"),
            Stock::of(&crate::support::stand_in(asks)),
        );
        stock.install(&target.cache());
        let started = start_in(&target, &stock, Stdio::Pipe, mark, &[("", "secret")]).await;
        let parts = crate::support::welcomed(started.expect("a start")).await;
        crate::support::end(parts).await;
        assert_nothing_was_typed(&target);
    }
}

#[tokio::test]
async fn what_asks_nobody_but_others_than_root_hears_nothing_from_root() {
    assert!(rustix::process::getuid().is_root(), "run this test as root");
    let (target, stock) = (
        Target::new("sh").behind("printf 'Password: ' >&2; sleep 0.5; echo >&2"),
        Stock::new(),
    );
    let mut launch = target.launch(&stock.boot());
    launch.dialogue = Some(Dialogue {
        of_root: false,
        ..dialogue(None, &[("", "secret")])
    });
    let started = start(&launch, &stock, &Options::default()).await;
    let parts = crate::support::welcomed(started.expect("a start")).await;
    crate::support::end(parts).await;
    assert_nothing_was_typed(&target);
}

fn assert_nothing_was_typed(target: &Target) {
    let received = std::fs::read(target.at("home/received")).expect("what it heard");
    assert!(!received.windows(6).any(|six| six == b"secret"));
    assert!(!received.is_empty());
}

#[tokio::test]
async fn what_is_shown_as_it_is_typed_is_no_secret_to_the_terminal_alone() {
    // A program that forgets to switch the echo off, and one that shows stars, as sudo's pwfeedback does.
    let script = "printf 'Password: ' > /dev/tty; read -r said < /dev/tty; printf '******\\n' > /dev/tty; \
                  [ \"$said\" = secret ] || exit 1; echo 'and in' >&2";
    let started = asked(script, Stdio::Terminal, None, &[("", "secret")]).await;
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
    let started = asked(script, Stdio::Terminal, None, &[("", "secret")]).await;
    let (target, started) = started.expect("a start");
    let parts = crate::support::welcomed(started).await;
    crate::support::end(parts).await;
    assert_nothing_was_typed(&target);
}

#[tokio::test]
async fn a_program_that_ends_over_its_question_has_ended() {
    let script = "printf 'Password: ' >&2; exit 5";
    let error = asked(script, Stdio::Pipe, None, &[("", "secret")]).await;
    let error = error.map(|_| ()).expect_err("an end");
    assert_eq!(error.cause.kind(), FailureKind::Ended(Some(5)), "{error}");
    assert_eq!(error.said, ["Password:"]);
}
