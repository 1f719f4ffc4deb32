//! What one call's store holds: the sandbox.

use crate::guard::Guard;
use crate::host::network::Reach;
use crate::host::{Http, MAX_PROCESSES, Roots};
use crate::output::{Lines, Output, Stream};
use crate::program::Program;
use crate::upstream::Upstream;
use proto::message::{LimitKind, ModuleRef, Outcome};
use proto::policy::Grant;
use proto::{Access, CallLimits, Policy};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use tokio::sync::Semaphore;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// A guest's stack, in bytes; beyond it the call is over its limit.
pub const MAX_WASM_STACK: usize = 512 << 10;

/// Elements of all tables of one component, far beyond what a compiler makes.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Files, sockets and streams that a guest may hold at once through WASI. Each may be a descriptor of this
/// process, which has 1024 of them in many places: one guest must not take them from all others.
const MAX_RESOURCES: usize = 512;

/// A call ran out of something. Travels through wasmtime as the error that ends the guest.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("out of {limit}")]
pub struct OverLimit {
    /// Of what.
    pub limit: LimitKind,
    /// How much there was, in the unit of the limit.
    pub allowed: u64,
}

impl OverLimit {
    /// Out of memory.
    #[must_use]
    pub fn memory(limits: CallLimits) -> Self {
        Self {
            limit: LimitKind::Memory,
            allowed: limits.memory_bytes,
        }
    }
}

impl From<OverLimit> for Outcome {
    fn from(over: OverLimit) -> Self {
        Self::OverLimit {
            limit: over.limit,
            allowed: over.allowed,
        }
    }
}

/// A guest used a whole interface that its policy does not grant. Ends it, likewise.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub String);

/// The data of a store.
pub struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
    /// Counts its memories.
    pub memory: Meter,
    pub(crate) policy: Policy,
    pub(crate) roots: Roots,
    pub(crate) reach: Arc<Reach>,
    http: Http,
    /// What it may use up.
    pub limits: CallLimits,
    /// What it says.
    pub output: Arc<Output>,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) guard: Option<Arc<dyn Guard>>,
    /// Under which it may ask the master for more.
    pub ticket: Option<u64>,
    /// Places for programs under way.
    pub(crate) processes: Arc<Semaphore>,
}

impl Guest {
    /// The data for one call. Files that its policy names are opened here, and its names are looked up.
    #[must_use]
    pub fn new(
        module: &ModuleRef,
        policy: Policy,
        limits: CallLimits,
        upstream: Arc<dyn Upstream>,
        guard: Option<Arc<dyn Guard>>,
        program: Program,
    ) -> Self {
        let output = Arc::new(Output::new(
            module.name.clone(),
            limits.output_bytes,
            upstream.clone(),
        ));
        let roots = Roots::pin(&policy);
        let reach = Arc::new(Reach::of(&policy));
        let mut wasi = wasi(&policy, &roots, &reach, &output);
        program.start(&module.name, &mut wasi);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            wasi: wasi.build(),
            table,
            memory: Meter::new(limits.memory_bytes),
            policy,
            roots,
            http: Http::new(reach.clone(), output.clone()),
            reach,
            limits,
            output,
            upstream,
            guard,
            ticket: None,
            processes: Arc::new(Semaphore::new(MAX_PROCESSES)),
        }
    }
}

impl Guest {
    pub(crate) fn http_and_wasi(&mut self) -> (&mut Http, WasiCtxView<'_>) {
        let wasi = WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        };
        (&mut self.http, wasi)
    }
}

/// WASI with what the policy grants and nothing else: no files, no environment, no network.
fn wasi(
    policy: &Policy,
    roots: &Roots,
    reach: &Arc<Reach>,
    output: &Arc<Output>,
) -> WasiCtxBuilder {
    let mut builder = WasiCtx::builder();
    builder
        .stdout(Stream::new(Lines::new("stdout", output.clone())))
        .stderr(Stream::new(Lines::new("stderr", output.clone())));
    for grant in &policy.grants {
        if let Grant::Env(name, value) = grant {
            builder.env(name, value);
        }
    }
    preopen(&mut builder, roots);
    if !reach.is_empty() {
        let reach = reach.clone();
        builder
            .allow_tcp(true)
            .allow_udp(true)
            .socket_addr_check(move |address, using| {
                // Whoever connects is bound to some free port of this machine first.
                let binds = matches!(using, SocketAddrUse::TcpBind | SocketAddrUse::UdpBind);
                let anywhere = address.ip().is_unspecified() && address.port() == 0;
                // Whoever comes to a listener comes from anywhere; that it may listen was asked before.
                let accepts = matches!(using, SocketAddrUse::TcpAccept);
                let granted = (binds && anywhere) || accepts || reach.covers(&address);
                Box::pin(async move { granted })
            });
    }
    builder
}

/// WASI can hand out directories only. A root that is missing, or a file, is reachable through
/// `zymogen:task/files` alone.
fn preopen(builder: &mut WasiCtxBuilder, roots: &Roots) {
    for root in roots.iter() {
        let Some(directory) = root.directory() else {
            continue;
        };
        let access = match root.access() {
            Access::Read => FsPerms::ReadOnly,
            Access::Write => FsPerms::ReadWrite,
        };
        // /proc leads to exactly this directory, whatever has taken its name since.
        let through = format!("/proc/self/fd/{}", directory.as_raw_fd());
        let _ = builder.preopened_dir(through, root.path(), access);
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Counts the memories of all instances of a component together: wasmtime's own limit is for each.
#[derive(Debug)]
pub struct Meter {
    used: u64,
    allowed: u64,
    elements: usize,
}

impl Meter {
    /// A meter that allows so many bytes.
    #[must_use]
    pub fn new(allowed: u64) -> Self {
        Self {
            used: 0,
            allowed,
            elements: 0,
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = self.used + (desired.saturating_sub(current)) as u64;
        if grown > self.allowed {
            return Err(wasmtime::Error::new(OverLimit {
                limit: LimitKind::Memory,
                allowed: self.allowed,
            }));
        }
        self.used = grown;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.elements += desired.saturating_sub(current);
        if self.elements > MAX_TABLE_ELEMENTS {
            return Err(wasmtime::Error::new(OverLimit {
                limit: LimitKind::Tables,
                allowed: MAX_TABLE_ELEMENTS as u64,
            }));
        }
        Ok(true)
    }
}

/// How wasmtime says that a guest hands more to the host than `Store::set_hostcall_fuel` allows. The
/// type of that error is private to it.
const TOO_MUCH_FOR_THE_HOST: &str = "fuel allocated for hostcalls has been exhausted";

/// What became of a guest that ended with an error instead of a value.
pub fn ended(error: &wasmtime::Error, limits: CallLimits) -> Outcome {
    if let Some(over) = error.downcast_ref::<OverLimit>() {
        return (*over).into();
    }
    if let Some(denied) = error.downcast_ref::<Denied>() {
        return Outcome::Denied(denied.0.clone());
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Outcome::Exited(exit.0);
    }
    if let Some(wasmtime::Trap::StackOverflow) = error.downcast_ref() {
        return Outcome::OverLimit {
            limit: LimitKind::Stack,
            allowed: MAX_WASM_STACK as u64,
        };
    }
    // The frames of a stripped guest say nothing to anybody; the cause does.
    let cause = error.root_cause().to_string();
    if cause.ends_with(TOO_MUCH_FOR_THE_HOST) {
        return OverLimit::memory(limits).into();
    }
    Outcome::Trapped(cause.trim_start_matches("wasm trap: ").to_owned())
}
