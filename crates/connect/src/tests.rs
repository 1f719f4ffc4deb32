//! The parts that need no process.

use crate::greeting::{Greeting, Said};
use crate::{
    Bandwidth, Boot, Cause, ConnectError, Exit, FailureKind, Format, ImageId, Phase, Tail, title,
};
use proto::message::LaunchFailure;

fn heard(chunks: &[&[u8]]) -> (Vec<Said>, Vec<String>, Vec<u8>) {
    let tail = Tail::default();
    let mut greeting = Greeting::new(tail.clone());
    let mut said = Vec::new();
    for chunk in chunks {
        greeting.buffer().extend_from_slice(chunk);
        while said.last() != Some(&Said::Ready) {
            match greeting.next().expect("too much noise") {
                Some(line) => said.push(line),
                None => break,
            }
        }
    }
    (said, tail.lines(), greeting.take_rest().to_vec())
}

#[test]
fn frames_follow_the_ready_line_at_once() {
    let (said, noise, rest) = heard(&[b"ZYMOGEN ready\nZY\x01\x00\n"]);
    assert_eq!(said, [Said::Ready]);
    assert!(noise.is_empty());
    assert_eq!(rest, b"ZY\x01\x00\n");
}

#[test]
fn a_shell_that_shows_what_it_runs_has_not_begun() {
    let line = Boot::new("me@here:1", Vec::new()).command_line();
    let (said, noise, _) = heard(&[line.as_bytes(), b"\nZYMOGEN begin\n"]);
    assert_eq!(said, [Said::Begun]);
    assert_eq!(noise.len(), 1);
}

#[test]
fn lines_may_come_in_pieces_with_noise_around_them() {
    let whole = b"Welcome to \xffhost\r\n\nprompt> ZYMOGEN need 1 Linux x86_64 gzip lzma none\r\n";
    let need = Said::Need {
        protocol: 1,
        system: "Linux".to_owned(),
        machine: "x86_64".to_owned(),
        formats: vec![Format::Gzip, Format::Raw],
    };
    let pieces: Vec<_> = whole.chunks(1).collect();
    for chunks in [&[&whole[..]][..], &pieces] {
        let (said, noise, rest) = heard(chunks);
        assert_eq!(said, std::slice::from_ref(&need));
        assert_eq!(noise, ["Welcome to \u{fffd}host"]);
        assert!(rest.is_empty());
    }
}

#[test]
fn a_line_that_only_looks_like_ours_is_noise() {
    let (said, noise, _) = heard(&[
        b"ZYMOGEN need\nZYMOGEN ready or not\nZYMOGEN begin;\nZYMOGEN hello\n",
        b"ZYMOGEN error cache no room\n",
    ]);
    let error = Said::Error {
        phase: "cache".to_owned(),
        text: "no room".to_owned(),
    };
    assert_eq!(said, [error]);
    assert_eq!(noise.len(), 4);
}

#[test]
fn noise_ends_somewhere() {
    for noise in [vec![b'x'; 70_000], b"line\n".repeat(14_000)] {
        let mut greeting = Greeting::new(Tail::default());
        greeting.buffer().extend_from_slice(&noise);
        assert!(greeting.next().is_err());
    }
}

#[test]
fn the_tail_is_bounded_in_lines_and_bytes() {
    let tail = Tail::default();
    for number in 0..1000 {
        tail.push(&format!("line {number}"));
    }
    let lines = tail.lines();
    assert_eq!(lines.len(), 64);
    assert_eq!(lines.last().map(String::as_str), Some("line 999"));
    for _ in 0..64 {
        tail.push(&"y".repeat(10_000));
    }
    assert!(tail.lines().iter().map(String::len).sum::<usize>() <= 16 << 10);
}

#[test]
fn titles_are_single_harmless_words() {
    assert_eq!(
        title("deploy", "web-1.example", 42),
        "deploy@web-1.example:42"
    );
    assert_eq!(title("a b", "$(x)", 1), "a_b@__x_:1");
    assert_eq!(title("--unlink", "h", 1), "unlink@h:1");
}

#[test]
fn the_command_line_survives_any_login_shell() {
    let image = ImageId {
        machine: "x86_64".to_owned(),
        sha256: "0".repeat(64),
        size: 4,
        content: None,
    };
    let line = Boot::new("it's", vec![image]).command_line();
    let script = line.split('\'').nth(1).expect("a quoted script");
    assert_eq!(line.matches('\'').count(), 2);
    for forbidden in ["\\", "!", "\n", " #"] {
        assert!(!script.contains(forbidden), "{forbidden:?} in the script");
    }
    let zeros = "0".repeat(64);
    assert!(line.ends_with(&format!(" zymogen it_s keep x86_64 {zeros} 4")));
}

#[test]
fn a_cheap_way_takes_no_compression() {
    let all = [Format::Raw, Format::Zstd, Format::Gzip];
    let best = |accepted, bandwidth| Format::by_preference(accepted, bandwidth)[0];
    assert_eq!(best(&all, Bandwidth::Cheap), Format::Raw);
    assert_eq!(best(&all, Bandwidth::Dear), Format::Zstd);
    assert_eq!(
        best(&[Format::Raw, Format::Gzip], Bandwidth::Dear),
        Format::Gzip
    );
}

#[test]
fn a_failure_says_the_same_after_it_has_travelled() {
    let error = ConnectError {
        hop: "sudo:deploy".to_owned(),
        phase: Phase::FirstStage,
        cause: Box::new(Cause::Ended(Exit::Code(1))),
        said: vec!["sudo: a password is required".to_owned()],
        hint: None,
    };
    let text = error.to_string();
    let failure = LaunchFailure::from(error);
    assert_eq!(
        failure.cause,
        "it ended (exit status 1) before the slave was ready"
    );
    let back = ConnectError::from(failure);
    assert_eq!(back.to_string(), text);
    assert!(
        matches!(&*back.cause, Cause::Remote { kind, .. } if *kind == FailureKind::Ended(Some(1))),
        "{back:?}"
    );
    assert_eq!(back.phase, Phase::FirstStage);
}

#[test]
fn a_failure_is_bounded_at_whole_characters_both_ways() {
    // A character of three bytes, so that no power of two falls between two of them.
    let long = "\u{20ac}".repeat(20_000);
    let said: Vec<_> = (900..1000)
        .map(|number| format!("{number} {long}"))
        .collect();
    let huge = LaunchFailure {
        hop: long.clone(),
        phase: Phase::Spawn,
        kind: FailureKind::Asked(long.clone()),
        cause: long.clone(),
        said: said.clone(),
    };
    let received = ConnectError::from(huge);
    let sent = LaunchFailure::from(ConnectError {
        hop: long.clone(),
        phase: Phase::Spawn,
        cause: Box::new(Cause::Protocol(long)),
        said,
        hint: None,
    });
    assert!(received.cause.to_string().len() <= 16 << 10);
    assert!(sent.cause.len() <= 16 << 10 && sent.cause.starts_with("unexpected: \u{20ac}"));
    for (hop, said) in [(received.hop, received.said), (sent.hop, sent.said)] {
        assert!(hop.len() <= 16 << 10 && hop.ends_with('\u{20ac}'));
        assert!(said.iter().map(String::len).sum::<usize>() <= 16 << 10);
        assert!(said.len() <= 64);
        // The last lines are the ones that say why.
        assert!(
            said.last()
                .is_some_and(|line| line.starts_with("999 \u{20ac}"))
        );
    }
}

#[test]
fn a_long_last_line_is_shown_by_its_ends() {
    let said = |line: String| {
        let cause = Box::new(Cause::Ended(Exit::Code(1)));
        let (hop, phase, hint) = ("sudo".to_owned(), Phase::FirstStage, None);
        let error = ConnectError {
            hop,
            phase,
            cause,
            said: vec![line],
            hint,
        };
        error.to_string()
    };
    let script = "x".repeat(4000);
    let text = said(format!("Sorry, {script} is not allowed"));
    assert!(text.len() < 450, "{text}");
    assert!(text.contains("it said: Sorry, xxx") && text.ends_with("xxx is not allowed"));
    let whole = "\u{20ac}".repeat(320);
    assert!(said(whole.clone()).ends_with(&whole));
}
