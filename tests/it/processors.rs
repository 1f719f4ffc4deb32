//! Processors that can do less than this one: qemu plays an old one.

use crate::support::{example, home};
use host::build::{Images, Silent, Sources, StdModules};
use host::master::{CallResult, Context, LogSink, Master, Options};
use host::module::compile::Compiler;
use host::module::{Module, Repository};
use proto::message::LogRecord;
use proto::{CallLimits, Policy};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use wasmtime::component::Val;

/// Nobody listens.
struct Deaf;

impl LogSink for Deaf {
    fn record(&self, _: &str, _: &LogRecord) {}
}

fn executable(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Images of which the first that is started finds an old processor, and the others that of this machine.
fn images(directory: &Path) -> Images {
    let slave = directory.join("slave");
    executable(&slave, &host::testing::image().unwrap());
    let (first, slave) = (directory.join("first"), slave.display());
    let (first, arch) = (first.display(), std::env::consts::ARCH);
    let old = if arch == "aarch64" {
        "cortex-a53"
    } else {
        "Nehalem"
    };
    // Without an argument it does not start itself anew to take a title, which would be without qemu. Address space is short,
    // so that it makes no pool of instances: to reserve that takes a qemu before version 8 minutes.
    let script = format!(
        "#!/bin/sh\nmkdir {first} 2> /dev/null || exec {slave} \"$@\"\n\
         ulimit -v 67108864\n\
         exec qemu-{arch}-static -cpu {old} -0 'zymogen-slave: old' {slave}\n"
    );
    let image = directory.join(format!("zymogen-slave-{arch}"));
    executable(&image, script.as_bytes());
    Images::new(Sources::directory(directory.to_owned()), Arc::new(Silent))
}

async fn add(context: &Context, module: &Arc<Module>) -> CallResult {
    let function = module.function("add").unwrap();
    let (arguments, limits) = ([Val::S32(1), Val::S32(2)], CallLimits::default());
    let call = context.call(module, &function, &arguments, Policy::default(), limits);
    call.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_context_gets_code_for_its_own_processor() {
    let directory = tempfile::tempdir().unwrap();
    let artifacts = runtime::Artifacts::open(&home().join("compiled")).unwrap();
    let std_modules = StdModules::new(Sources::default(), Arc::new(Silent));
    let repository = Repository::new(std_modules, Compiler::new(Some(artifacts)));
    let images = Arc::new(images(directory.path()));
    let master = Master::new(
        Arc::new(repository),
        images,
        Arc::new(Deaf),
        Options::default(),
    );

    let local = "local".parse().unwrap();
    let old = Arc::new(master.connect(&local).await.unwrap());
    let new = master.connect_via(&old, &local).await.unwrap();
    let native = runtime::Target::native().to_string();
    assert_eq!(new.hello().target, native);
    assert!(
        old.hello().target.len() < native.len(),
        "{}",
        old.hello().target
    );
    assert_ne!(old.hello().compatibility, new.hello().compatibility);

    // The younger one first: what it needs goes through the older one, which cannot use it.
    let calculator = master.repository().find(&example("calculator")).unwrap();
    for context in [&new, &*old] {
        let sum = add(context, &calculator).await;
        assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    }
    new.shutdown().await;
}
