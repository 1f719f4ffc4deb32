//! One message of each kind: what the bytes of `docs/PROTOCOL.md` mean.

mod channels;
mod content;
mod example;
mod fates;
mod launches;
mod services;
mod tree;

pub use example::Example;

use example::{MASTER, SLAVE, bare, down, header, item, tailed, up, with_reply};
use proto::message::{
    Call, CompatibilityId, EndChain, Export, Hello, Level, LogRecord, ModuleRef, Secret, Welcome,
};
use proto::policy::{Exec, Grant, Input};
use proto::{CallLimits, ContextId, Digest, Flags, Handle, Policy};

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
        tailed(
            "call-in-instance",
            with_reply(down(Handle::CALL_FUNCTION), REPLY),
            Call {
                export: Export {
                    interface: None,
                    function: "[resource-drop]".to_owned(),
                },
                policy: Policy::default(),
                chain: None,
                instance: Some(2),
                ..call()
            },
            &[0x81, 0x01],
        ),
        tailed(
            "call-program",
            with_reply(down(Handle::CALL_FUNCTION), REPLY),
            Call {
                export: Export {
                    interface: Some("wasi:cli/run@0.2.9".to_owned()),
                    function: "run".to_owned(),
                },
                policy: Policy {
                    grants: vec![Grant::Net("10.0.0.1:*".parse().expect("an address"))],
                },
                chain: None,
                args: vec!["-v".to_owned()],
                stdin: Some(1),
                stdout: Some(Handle(1001)),
                ..call()
            },
            &[0x80],
        ),
        item("end-chain", down(Handle::END_CHAIN), EndChain { chain: 5 }),
        item("log", up(Handle::FORWARD_LOG), log("disk is full")),
        zstd(),
    ];
    all.extend(fates::outcomes());
    all.extend(fates::dead());
    all.extend(content::all());
    all.extend(channels::all());
    all.extend(services::all());
    all.extend(tree::all());
    all.extend(launches::all());
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
        siblings: false,
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
        Grant::Secret("token".to_owned(), Secret("hunter2".to_owned())),
    ];
    Call {
        module: module(),
        export: Export {
            interface: Some("demo:calc/ops@1.0.0".to_owned()),
            function: "double".to_owned(),
        },
        policy: Policy { grants },
        limits: CallLimits::default(),
        chain: Some(5),
        instance: None,
        ticket: None,
        args: Vec::new(),
        stdin: None,
        stdout: None,
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
