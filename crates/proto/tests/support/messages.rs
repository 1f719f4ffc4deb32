//! One message of each kind: what the bytes of `docs/PROTOCOL.md` mean.

mod example;

pub use example::Example;

use bytes::Bytes;
use example::{MASTER, SLAVE, bare, down, header, item, tailed, up, with_reply};
use proto::message::{
    Call, CompatibilityId, Dead, DeadReason, Down, EngineKind, Export, GetModule, GetResource,
    Hello, Level, LimitKind, LoadModule, LoadResource, Loaded, LogRecord, ModuleRef, Outcome,
    RefusedKind, Transfer, Welcome,
};
use proto::policy::{Exec, Grant, Input};
use proto::{Body, CallLimits, ContextId, Digest, Flags, Handle, Policy};

/// The handle at which the examples await replies.
const REPLY: Handle = Handle(1000);

pub fn named(name: &str) -> Example {
    let found = all().into_iter().find(|example| example.name == name);
    found.unwrap_or_else(|| panic!("no message here is called {name}"))
}

pub fn all() -> Vec<Example> {
    let mut all = vec![
        bare("ping", down(Handle::PING)),
        bare("pong", up(Handle::PONG)),
        bare("shutdown", down(Handle::SHUTDOWN)),
        bare("cancel", with_reply(down(Handle::CANCEL), REPLY)),
        item(
            "hello",
            header(ContextId::UNASSIGNED, MASTER, Handle::HELLO),
            hello(),
        ),
        item("welcome", down(Handle::HELLO), welcome()),
        tailed(
            "call",
            with_reply(down(Handle::CALL_FUNCTION), REPLY),
            call(),
            // One argument: the number 7.
            &[0x81, 0x07],
        ),
        item("get-module", up(Handle::GET_MODULE), get_module()),
        item(
            "load-module-found",
            down(Handle::LOAD_MODULE),
            load_module_found(),
        ),
        item(
            "load-module-missing",
            down(Handle::LOAD_MODULE),
            load_module_missing(),
        ),
        item("get-resource", up(Handle::GET_RESOURCE), get_resource()),
        item(
            "load-resource-found",
            down(Handle::LOAD_RESOURCE),
            load_resource_found(),
        ),
        item(
            "load-resource-missing",
            down(Handle::LOAD_RESOURCE),
            load_resource_missing(),
        ),
        item("log", up(Handle::FORWARD_LOG), log("disk is full")),
        zstd(),
        bulk(),
    ];
    all.extend(outcomes());
    all.extend(dead());
    all
}

fn hello() -> Hello {
    Hello {
        version: "0.1.0".to_owned(),
        target: "x86_64-unknown-linux-musl".to_owned(),
        compatibility: compatibility(),
        pid: 4711,
        hostname: "web1".to_owned(),
    }
}

fn compatibility() -> CompatibilityId {
    CompatibilityId("00112233445566778899aabbccddeeff".to_owned())
}

fn welcome() -> Welcome {
    Welcome {
        context: SLAVE,
        parents: vec![MASTER],
        max_body: 128 << 20,
        heartbeat_ms: 15_000,
        compress_from: None,
        cache: true,
    }
}

fn module() -> ModuleRef {
    ModuleRef {
        name: "calc".to_owned(),
        digest: Digest([0xab; 32]),
    }
}

fn call() -> Call {
    let grants = vec![
        Grant::Read("/etc/hosts".to_owned()),
        Grant::Write("/srv/app".to_owned()),
        Grant::Exec(Exec {
            any_more: true,
            env: vec![("LANG".to_owned(), "C".to_owned())],
            cwd: "/srv".to_owned(),
            input: Input::This(Digest([0xcd; 32])),
            ..Exec::new(vec!["/bin/df".to_owned(), "-h".to_owned()])
        }),
        Grant::Env("LANG".to_owned(), "C".to_owned()),
        Grant::Net("127.0.0.1:80".parse().expect("an address")),
        Grant::Source(Digest([0xcd; 32])),
        Grant::System,
    ];
    Call {
        module: module(),
        export: Export {
            interface: Some("demo:calc/ops@1.0.0".to_owned()),
            function: "double".to_owned(),
        },
        policy: Policy { grants },
        limits: CallLimits::default(),
    }
}

fn outcomes() -> Vec<Example> {
    let value = &[0x81, 0x0e];
    let error = &[0x81, 0x82, 0x01, 0x63, b'b', b'a', b'd'];
    let outcome = |name, outcome| item(name, up(REPLY), outcome);
    vec![
        outcome_with("outcome-returned", Outcome::Returned(Bytes::new()), value),
        outcome_with("outcome-failed", Outcome::Failed(Bytes::new()), error),
        outcome(
            "outcome-trapped",
            Outcome::Trapped("unreachable".to_owned()),
        ),
        outcome("outcome-exited", Outcome::Exited(3)),
        outcome("outcome-denied", Outcome::Denied("write:/etc".to_owned())),
        outcome(
            "outcome-over-limit",
            Outcome::OverLimit {
                limit: LimitKind::WallTime,
                allowed: 30_000,
            },
        ),
        outcome(
            "outcome-refused",
            Outcome::Refused {
                kind: RefusedKind::NoExport,
                message: "no export `x`".to_owned(),
            },
        ),
        outcome("outcome-cancelled", Outcome::Cancelled),
        outcome(
            "outcome-dead",
            Outcome::Dead(Dead {
                reason: DeadReason::OutcomeTooLarge(128 << 20),
                at: SLAVE,
            }),
        ),
    ]
}

fn outcome_with(name: &'static str, outcome: Outcome, tail: &'static [u8]) -> Example {
    tailed(name, up(REPLY), outcome, tail)
}

fn dead() -> Vec<Example> {
    let dead = |name, reason| {
        let header = with_reply(up(REPLY), Handle::IS_DEAD);
        item(name, header, Dead { reason, at: SLAVE })
    };
    let lost = |name, down| dead(name, DeadReason::LinkDown(down));
    vec![
        dead("dead-no-route", DeadReason::NoRoute(ContextId(9))),
        dead("dead-invalid-handle", DeadReason::InvalidHandle),
        dead("dead-unauthorised", DeadReason::Unauthorised),
        dead("dead-busy", DeadReason::Busy),
        dead("dead-crashed", DeadReason::Crashed),
        dead("dead-too-large", DeadReason::TooLarge(1 << 20)),
        dead(
            "dead-malformed",
            DeadReason::Malformed("no CBOR".to_owned()),
        ),
        lost("dead-closed", Down::Closed),
        lost("dead-closed-here", Down::ClosedHere),
        lost("dead-io", Down::Io("broken".to_owned())),
        lost("dead-corrupt", Down::Corrupt("no magic".to_owned())),
        lost("dead-silent", Down::Silent(15_000)),
    ]
}

fn get_module() -> GetModule {
    GetModule {
        module: module(),
        compatibility: compatibility(),
    }
}

fn load_module_found() -> LoadModule {
    LoadModule {
        module: module(),
        loaded: Loaded::Found {
            transfer: Transfer {
                number: 1000,
                packed_len: 300_000,
                len: 1_000_000,
                digest: Digest([0xef; 32]),
            },
            about: EngineKind::Plain,
        },
    }
}

fn load_module_missing() -> LoadModule {
    LoadModule {
        module: module(),
        loaded: Loaded::Missing("not offered".to_owned()),
    }
}

fn get_resource() -> GetResource {
    GetResource {
        digest: Digest([0xcd; 32]),
    }
}

fn load_resource_found() -> LoadResource {
    LoadResource {
        digest: Digest([0xcd; 32]),
        loaded: Loaded::Found {
            transfer: Transfer {
                number: 1001,
                packed_len: 14,
                len: 5,
                digest: Digest([0xcd; 32]),
            },
            about: (),
        },
    }
}

fn load_resource_missing() -> LoadResource {
    LoadResource {
        digest: Digest([0xcd; 32]),
        loaded: Loaded::Missing("not offered".to_owned()),
    }
}

fn log(text: &str) -> LogRecord {
    LogRecord {
        module: Some("calc".to_owned()),
        level: Level::Warn,
        target: "stderr".to_owned(),
        text: text.to_owned(),
    }
}

fn zstd() -> Example {
    let mut example = item("zstd", up(Handle::FORWARD_LOG), log(&"=".repeat(200)));
    example.header.flags = Flags::ZSTD;
    example.decode_only = true;
    example
}

fn bulk() -> Example {
    let bytes = Bytes::from_static(b"hello");
    let mut example = bare(
        "bulk",
        with_reply(down(Handle::LOAD_RESOURCE), Handle(1001)),
    );
    example.header.flags = Flags::BULK;
    example.body = Body::raw(Flags::BULK, bytes.clone());
    example.check = Box::new(move |body| assert_eq!(body.bytes(), &bytes));
    example
}
