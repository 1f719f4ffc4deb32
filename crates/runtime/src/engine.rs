//! The only `wasmtime::Config` in the repository. Master and slave make it with the same function, so
//! that what one compiles the other can map.

use crate::target::Target;
use proto::message::{CompatibilityId, EngineKind};
use sandbox::{MAX_TABLE_ELEMENTS, MAX_WASM_STACK};
use std::sync::OnceLock;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

/// Part of the compatibility id. To be raised with each change to [`config`] that changes machine code
/// or its metadata, and with each version of wasmtime.
const REVISION: &str = "wasmtime 48.0.8, settings 3";

/// A guest's stack, with room for host functions on top.
const ASYNC_STACK: usize = MAX_WASM_STACK + (512 << 10);
/// The most that any call may be given, in bytes: what 32 bits can address.
const MAX_MEMORY: usize = 4 << 30;
/// Linear memories, and the stacks of calls, that may be in use at once in each of the two engines.
const MEMORIES: u32 = 256;
/// Core instances and tables. Components made from interpreted languages have ten or more core
/// instances each.
const INSTANCES: u32 = 1024;
/// Bytes of a memory, and of a table, that stay mapped when its slot is free: clearing them is cheaper than
/// new pages.
const KEEP_RESIDENT: usize = 64 << 10;
/// The same of a memory where the system tells which pages were written (Linux 6.7): only these are cleared.
/// Most guests have their stack in the first megabyte and their data behind it.
const KEEP_WRITTEN: usize = 2 << 20;

/// The configuration of an engine.
///
/// `target` is what to compile for, none for this machine. Whoever has a compiler sets the features of
/// the target's processor, too: without them it compiles for the least of the kind.
///
/// # Errors
/// If the target is unknown to this build of wasmtime.
pub fn config(kind: EngineKind, target: Option<&Target>) -> Result<Config> {
    let mut config = Config::new();
    // Proposals that no component toolchain needs, each a part of the runtime that the slave would
    // have to carry. An artifact that may use one does not load where it is missing.
    // Garbage collection, and what needs it, is absent already: wasmtime is built without it.
    config.gc_support(false).shared_memory(false);
    config
        .wasm_component_model_map(true)
        .wasm_component_model_fixed_length_lists(true);
    // Concurrency costs each call a factor of four, so that only those pay who use it.
    let concurrent = kind == EngineKind::Concurrent;
    config
        .concurrency_support(concurrent)
        .wasm_component_model_async(concurrent)
        .wasm_component_model_error_context(concurrent);
    config
        .epoch_interruption(true)
        .max_wasm_stack(MAX_WASM_STACK)
        .async_stack_size(ASYNC_STACK)
        .generate_address_map(false)
        // Nothing in the slave unwinds, and wasmtime finds its own frames without tables.
        .native_unwind_info(false)
        .memory_reservation(MAX_MEMORY as u64)
        .memory_init_cow(true);
    if let Some(target) = target {
        config.target(target.triple())?;
    }
    Ok(config)
}

/// What two processes must have in common to exchange machine code for a target.
#[must_use]
pub fn compatibility(target: &Target) -> CompatibilityId {
    let text = format!("{REVISION}, {target}");
    let digest = blake3::hash(text.as_bytes());
    CompatibilityId(digest.to_hex()[..32].to_owned())
}

/// The two engines of a process that executes calls. Each is made when it is first needed.
#[derive(Default)]
pub struct Engines {
    plain: OnceLock<Engine>,
    concurrent: OnceLock<Engine>,
}

impl Engines {
    /// The engine of a kind.
    ///
    /// # Errors
    /// If the machine lacks what the engine needs.
    pub fn get(&self, kind: EngineKind) -> Result<&Engine> {
        let cell = match kind {
            EngineKind::Plain => &self.plain,
            EngineKind::Concurrent => &self.concurrent,
        };
        if let Some(engine) = cell.get() {
            return Ok(engine);
        }
        let engine = executing_engine(kind)?;
        Ok(cell.get_or_init(|| engine))
    }

    /// Those that exist.
    pub(crate) fn made(&self) -> impl Iterator<Item = &Engine> {
        [&self.plain, &self.concurrent]
            .into_iter()
            .filter_map(OnceLock::get)
    }
}

/// With a pool of instances where the address space is large enough for one, else without.
fn executing_engine(kind: EngineKind) -> Result<Engine> {
    let keep = if PoolingAllocationConfig::is_pagemap_scan_available() {
        KEEP_WRITTEN
    } else {
        KEEP_RESIDENT
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(MEMORIES)
        .total_stacks(MEMORIES)
        .total_core_instances(INSTANCES)
        .total_component_instances(INSTANCES)
        .total_tables(INSTANCES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_memories_per_module(4)
        .max_tables_per_module(8)
        .max_memory_size(MAX_MEMORY)
        .max_unused_warm_slots(16)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(KEEP_RESIDENT);
    let mut config = config(kind, None)?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).or_else(|error| {
        tracing::debug!("no pool of instances, each call makes its own: {error:#}");
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}
