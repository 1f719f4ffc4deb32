//! What is taken for a question, when, and what is answered.

use super::*;
use proto::message::{Answer, Form, Secret};
use tokio::time::timeout;

/// Answers, each to questions of one form: how they start, how they end.
fn interview(mark: Option<&str>, answers: &[(&str, &str, &str)]) -> ([Pending; 2], Interview) {
    let answers = answers.iter().map(|(starts, ends, reply)| Answer {
        to: vec![Form {
            starts: (*starts).to_owned(),
            ends: (*ends).to_owned(),
        }],
        reply: Secret((*reply).to_owned()),
    });
    let dialogue = Dialogue {
        prompt: mark.map(str::to_owned),
        of_root: true,
        answers: answers.collect(),
    };
    let pending = Pending::pair();
    let interview = Interview::new(dialogue, &pending[0], None).expect("an interview");
    (pending, interview)
}

/// After how long it hears this question.
async fn asked_after(interview: &mut Interview, question: &str) -> Duration {
    let begun = Instant::now();
    assert_eq!(interview.question().await, question);
    begun.elapsed()
}

async fn is_silent(interview: &mut Interview) {
    let silence = LONG_QUIET * 2;
    assert!(timeout(silence, interview.question()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_colon_is_a_question_once_it_is_quiet() {
    let ([pending, _], mut asks) = interview(None, &[("", "", "w")]);
    pending.set(b"these three things:", true);
    assert!(timeout(QUIET / 2, asks.question()).await.is_err());
    pending.set(b"", true);
    is_silent(&mut asks).await;
    for asked in [
        "Passwort: ",
        "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}\u{ff1a}",
    ] {
        pending.set(asked.as_bytes(), true);
        assert_eq!(asked_after(&mut asks, asked).await, QUIET);
        is_silent(&mut asks).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_answered_has_longer_to_go_on() {
    for answers in [&[][..], &[("Enter passphrase for ", "", "p")]] {
        let ([pending, _], mut asks) = interview(None, answers);
        pending.set(b"loading modules:", true);
        assert!(timeout(QUIET * 2, asks.question()).await.is_err());
        pending.set(b"", true);
        is_silent(&mut asks).await;
        pending.set(b"Code: ", true);
        assert_eq!(asked_after(&mut asks, "Code: ").await, LONG_QUIET);
    }
    // Nor can what was answered before.
    let ([pending, _], mut asks) = interview(None, &[("", "", "w")]);
    asks.choose("Password: ").expect("an answer");
    pending.set(b"loading modules:", true);
    assert_eq!(asked_after(&mut asks, "loading modules:").await, LONG_QUIET);
}

#[tokio::test(start_paused = true)]
async fn the_mark_is_a_question_at_once_and_nothing_else_is_answered() {
    let ([pending, _], mut asks) = interview(Some("[mark]"), &[("", "", "w")]);
    pending.set(b"say it [mark]", true);
    assert_eq!(
        asked_after(&mut asks, "say it [mark]").await,
        Duration::ZERO
    );
    pending.set(b"One-time code: ", true);
    assert_eq!(asked_after(&mut asks, "One-time code: ").await, LONG_QUIET);
    let asked = asks.choose("One-time code: ");
    assert!(matches!(asked, Err(Cause::Asked(question)) if question == "One-time code:"));
    assert_eq!(asks.choose("[mark]").ok(), Some("w".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_question_stays_whatever_comes_on_the_other_stream() {
    let ([out, err], mut asks) = interview(None, &[("", "", "w")]);
    err.set(b"Password: ", true);
    out.set(b"Welcome", true);
    assert_eq!(asked_after(&mut asks, "Password: ").await, QUIET);
    // Both ask, and more comes on one of them all the time.
    err.set(b"Password: ", true);
    let begun = Instant::now();
    let chatter = async {
        loop {
            tokio::time::sleep(QUIET / 3).await;
            out.set(b"and so on", true);
        }
    };
    tokio::select! {
        question = asks.question() => assert_eq!(question, "Password: "),
        () = chatter => {}
    }
    assert_eq!(begun.elapsed(), QUIET);
}

#[tokio::test(start_paused = true)]
async fn a_long_line_is_known_by_both_its_ends() {
    let form = ("Enter passphrase for ", "':", "p");
    let ([pending, _], mut asks) = interview(None, &[form]);
    let long = format!("Enter passphrase for '{}': ", "x".repeat(1000));
    pending.set(long.as_bytes(), true);
    let question = asks.question().await;
    assert!(question.len() < 500, "{question}");
    assert_eq!(asks.choose(&question).ok(), Some("p".to_owned()));
    // The rest of a line that was cut begins like a question, and is none.
    let ([pending, _], mut asks) = interview(None, &[form]);
    for rest in [&*long, "Enter passphrase for 'x': "] {
        pending.set(rest.as_bytes(), false);
        let question = asks.question().await;
        assert!(question.starts_with("... "), "{question}");
        assert!(asks.choose(&question).is_err(), "{question}");
    }
}

#[test]
fn each_answer_is_given_once_and_to_what_it_is_about() {
    let answers = [
        ("Enter passphrase for ", "", "p"),
        ("", "'s password:", "w"),
    ];
    let (_, mut asks) = interview(None, &answers);
    let mut choose = |question| asks.choose(question).map_err(|cause| cause.to_string());
    assert_eq!(
        choose("\rEnter passphrase for key 'a': "),
        Ok("p".to_owned())
    );
    for asked in [
        "your passphrase, as in Enter passphrase for key 'a': ",
        "me@h's password or code: ",
    ] {
        let text = format!("it asks `{}`, and was given no answer", asked.trim());
        assert_eq!(choose(asked), Err(text));
    }
    assert_eq!(choose("me@h's password: "), Ok("w".to_owned()));
    assert!(choose("me@h's password: ").is_err_and(|why| why.contains("not accepted")));
}
