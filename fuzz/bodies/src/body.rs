//! Bodies of messages, and what a policy is made of.

use crate::nesting::nesting;
use bytes::Bytes;
use proto::message::{
    AddRoute, Call, CallElsewhere, CallImport, CallMethod, CallService, Credit, Dead, DelRoute,
    EndChain, ForwardModule, GetModule, GetResource, Hello, IdBlock, ImportOutcome, Inspection,
    LaunchChild, Launched, LoadModule, LoadResource, LogRecord, Outcome, ReceiveMessage, Refusal,
    SendMessage, ServiceOutcome, Welcome,
};
use proto::policy::{Exec, Grant, normal_path};
use proto::{Access, Body, BodyError, CallLimits, Flags, Limits, Policy};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

const LIMITS: Limits = Limits { max_body: 64 << 10 };

/// How deep an item may nest, by `docs/PROTOCOL.md`.
const MAX_DEPTH: usize = 64;

/// The bit of the first byte that says that the body is under zstd. The others are the number of its kind.
pub const ZSTD: u8 = 0x80;

type Decode = fn(&Body);

/// What a body may be. Numbers in corpora are places in this list: append to it.
const KINDS: &[(&str, Decode)] = &[
    ("hello", |body| drop(item::<Hello>(body))),
    ("welcome", |body| drop(item::<Welcome>(body))),
    ("call", call),
    ("outcome", outcome),
    ("dead", dead),
    ("get-module", |body| drop(item::<GetModule>(body))),
    ("load-module", |body| drop(item::<LoadModule>(body))),
    ("get-resource", |body| drop(item::<GetResource>(body))),
    ("load-resource", |body| drop(item::<LoadResource>(body))),
    ("log", |body| drop(item::<LogRecord>(body))),
    ("policy", |body| {
        if let Some((granted, _)) = item::<Policy>(body) {
            policy(&granted);
        }
    }),
    ("grant", |body| drop(item::<Grant>(body))),
    ("exec", |body| drop(item::<Exec>(body))),
    ("limits", |body| drop(item::<CallLimits>(body))),
    ("text", grant_text),
    ("add-route", |body| drop(item::<AddRoute>(body))),
    ("del-route", |body| drop(item::<DelRoute>(body))),
    ("id-block", |body| drop(item::<IdBlock>(body))),
    ("forward", |body| drop(item::<ForwardModule>(body))),
    ("call-service", |body| drop(item::<CallService>(body))),
    ("service", |body| {
        drop(item::<ServiceOutcome>(body));
    }),
    ("credit", |body| drop(item::<Credit>(body))),
    ("end-chain", |body| drop(item::<EndChain>(body))),
    ("launch-child", |body| drop(item::<LaunchChild>(body))),
    ("launched", |body| drop(item::<Launched>(body))),
    ("inspection", |body| drop(item::<Inspection>(body))),
    ("guests-import", |body| drop(item::<CallImport>(body))),
    ("guests-value", |body| drop(item::<ImportOutcome>(body))),
    ("guests-call", |body| drop(item::<CallElsewhere>(body))),
    ("guests-method", |body| drop(item::<CallMethod>(body))),
    ("guests-send", |body| drop(item::<SendMessage>(body))),
    ("guests-receive", |body| drop(item::<ReceiveMessage>(body))),
    ("guests-refusal", |body| drop(item::<Refusal>(body))),
];

/// The number of the kind of body whose name `name` begins with, as that of an example of `docs/PROTOCOL.md` does.
#[must_use]
pub fn kind_for(name: &str) -> Option<u8> {
    // The longest one: a `call-service` is no `call`.
    let is_for = |(_, (kind, _)): &(usize, &(&str, Decode))| name.starts_with(kind);
    let kinds = KINDS.iter().enumerate().filter(is_for);
    let longest = kinds.max_by_key(|(_, (kind, _))| kind.len());
    longest.map(|(at, _)| at as u8)
}

/// Decodes a body as the kind that its first byte names: what is understood can be said again, and is then
/// understood in the same way; and it keeps to the limits.
pub fn body(data: &[u8]) {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let flags = match first & ZSTD {
        0 => Flags::NONE,
        _ => Flags::ZSTD,
    };
    let body = Body::raw(flags, Bytes::copy_from_slice(rest));
    match body.unpacked(LIMITS) {
        Ok(plain) => assert!(plain.len() <= LIMITS.max_body as usize),
        Err(error) => short(&error),
    }
    let (_, decode) = KINDS[usize::from(first & !ZSTD) % KINDS.len()];
    decode(&body);
}

/// The first item of a body, if it is one of these, and what follows it.
fn item<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &Body) -> Option<(T, Bytes)> {
    let (message, tail) = match body.split::<T>(LIMITS) {
        Ok(split) => split,
        Err(error) => {
            short(&error);
            assert_eq!(body.decode::<T>(LIMITS), Err(error));
            return None;
        }
    };
    match body.decode::<T>(LIMITS) {
        Ok(whole) => assert!(tail.is_empty() && whole == message),
        Err(error) => assert!(!tail.is_empty() && error == BodyError::Trailing(tail.len())),
    }
    let plain = body.unpacked(LIMITS).expect("it was decoded");
    let first = plain.strip_suffix(&tail[..]).expect("the tail is the end");
    assert!(nesting(first) <= MAX_DEPTH, "nested too deep");

    let again = Body::with_tail(&message, &tail).expect("it was decoded");
    let second = again.split::<T>(Limits::default());
    let (second, rest) = second.expect("it was just encoded");
    assert_eq!((&second, &rest), (&message, &tail));
    assert_eq!(Body::with_tail(&second, &rest), Ok(again.clone()));
    let packed = again.clone().compressed(0);
    let unpacked = packed.unpacked(Limits::default());
    assert_eq!(unpacked.as_ref(), Ok(again.bytes()));
    Some((message, tail))
}

/// What a stranger wrote is quoted only in part.
fn short(error: &BodyError) {
    let text = error.to_string();
    assert!(text.chars().count() < 300, "a long error: {text}");
}

fn call(body: &Body) {
    if let Some((call, _)) = item::<Call>(body) {
        policy(&call.policy);
        assert!(call.export.to_string().ends_with(&call.export.function));
    }
}

fn outcome(body: &Body) {
    if let Some((mut outcome, tail)) = item::<Outcome>(body) {
        let takes = outcome.set_tail(tail.clone());
        assert_eq!(outcome.tail() == tail, takes, "{outcome:?}");
    }
}

fn dead(body: &Body) {
    if let Some((dead, _)) = item::<Dead>(body) {
        assert!(dead.to_string().contains("noticed by context"));
    }
}

/// Any policy can be shown and asked, and none grants less for reading than for writing.
fn policy(policy: &Policy) {
    assert!(!policy.summary().is_empty());
    for path in ["/", "/etc/motd", "/srv/app/x"] {
        let may = |access| policy.covering(path, access).is_some();
        assert!(may(Access::Read) || !may(Access::Write));
    }
    for grant in &policy.grants {
        match grant {
            Grant::Exec(exec) => {
                let alone = Exec {
                    any_more: false,
                    ..exec.clone()
                };
                // Nothing may follow nothing: without a program nothing is granted.
                assert!(policy.may_execute(&alone) || exec.argv.is_empty());
            }
            Grant::Source(digest) => assert!(policy.may_read_source(digest)),
            _ => {}
        }
    }
}

/// A grant as a person writes it.
fn grant_text(body: &Body) {
    let Ok(plain) = body.unpacked(LIMITS) else {
        return;
    };
    let text = String::from_utf8_lossy(&plain);
    let grant: Grant = match text.parse() {
        Ok(grant) => grant,
        Err(error) => {
            assert!(error.to_string().contains("expected a grant such as"));
            return;
        }
    };
    let again = Body::new(&grant).and_then(|body| body.decode::<Grant>(Limits::default()));
    assert_eq!(again.as_ref(), Ok(&grant));
    match &grant {
        Grant::Read(path) | Grant::Write(path) => {
            assert_eq!(normal_path(path).as_ref(), Some(path));
            assert_eq!(grant.to_string().parse(), Ok(grant));
        }
        // Variables may be secrets and are not shown. What is shown is read back as it was.
        Grant::Exec(exec) if !exec.env.is_empty() => assert!(grant.to_string().contains('…')),
        Grant::Env(..) => assert!(grant.to_string().contains('…')),
        _ => assert_eq!(grant.to_string().parse(), Ok(grant)),
    }
}
