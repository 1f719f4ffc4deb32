//! Values on their way through the executor: into a fresh sandbox, and into an instance that is kept, which bad arguments do
//! no harm.

use super::guests::MEMORY;
use super::streams::{Library, artifact};
use proto::message::{Call, EngineKind, Export, ModuleRef, Outcome, RefusedKind};
use proto::{CallLimits, Policy};
use runtime::{Executor, NoPeer};
use std::sync::Arc;

/// Returns how long the list is and how many calls there were; for an empty list a text that is so long.
fn guest() -> String {
    format!(
        r#"(component
        (core module $m {MEMORY}
            (data (i32.const 0) "abcdef")
            (global $calls (mut i32) (i32.const 0))
            (func (export "count") (param i32 i32 i32 f32) (result i32)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (if (f32.gt (local.get 3) (f32.const 1e9)) (then unreachable))
                (i32.store8 (i32.const 16) (i32.eqz (local.get 1)))
                (i32.store (i32.const 20) (local.get 1))
                (i32.store (i32.const 24) (global.get $calls))
                (i32.const 16)))
        (core instance $i (instantiate $m))
        (func (export "count") (param "it" (list u32)) (param "by" (option f32))
            (result (result (tuple u32 u32) (error string)))
            (canon lift (core func $i "count")
                (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
    )
}

const THREE: &[u8] = &[0x82, 0x4c, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xf6];
const NONE: &[u8] = &[0x82, 0x40, 0x81, 0xfa, 0x3f, 0xc0, 0, 0];
const TEXT: &[u8] = &[0x82, 0x40, 0x61, b'x'];
const TOO_MUCH: &[u8] = &[0x82, 0x40, 0x81, 0xfa, 0x7f, 0x80, 0, 0];

#[tokio::test(flavor = "multi_thread")]
async fn values_come_through_wherever_the_guest_lives() {
    for kind in [EngineKind::Plain, EngineKind::Concurrent] {
        let artifact = artifact(kind, &guest());
        let digest = artifact.digest;
        let compatibility = runtime::compatibility(&runtime::Target::native());
        let library = Arc::new(Library(artifact));
        let executor = Arc::new(Executor::new(compatibility, None, library).expect("threads"));
        let call = async |instance, arguments: &'static [u8]| {
            let call = Call {
                module: ModuleRef {
                    name: "guest".to_owned(),
                    digest,
                },
                export: Export {
                    interface: None,
                    function: "count".to_owned(),
                },
                policy: Policy::default(),
                limits: CallLimits::default(),
                chain: None,
                instance,
                ticket: None,
                args: Vec::new(),
                stdin: None,
                stdout: None,
            };
            executor
                .execute(call, arguments.into(), Arc::new(NoPeer))
                .await
        };
        let refused = Outcome::Refused {
            kind: RefusedKind::BadArguments,
            message: "by: expected option<f32>, found a text of 1 bytes".to_owned(),
        };
        let returned =
            |count, calls| Outcome::Returned(vec![0x81, 0x82, 0, 0x82, count, calls].into());
        let failed = |text: &[u8]| {
            let head = [0x81, 0x82, 1, 0x60 | text.len() as u8];
            Outcome::Failed([&head, text].concat().into())
        };
        for _ in 0..2 {
            assert_eq!(call(None, THREE).await, returned(3, 1), "{kind:?}");
            assert_eq!(call(None, TEXT).await, refused, "{kind:?}");
            assert_eq!(call(None, NONE).await, failed(b"a"), "{kind:?}");
        }
        let kept = Some(1);
        assert_eq!(call(kept, THREE).await, returned(3, 1), "{kind:?}");
        assert_eq!(call(kept, TEXT).await, refused, "{kind:?}");
        assert_eq!(call(kept, NONE).await, failed(b"ab"), "{kind:?}");
        assert_eq!(call(kept, THREE).await, returned(3, 3), "{kind:?}");
        let trapped = call(kept, TOO_MUCH).await;
        assert!(matches!(trapped, Outcome::Trapped(_)), "{trapped:?}");
    }
}
