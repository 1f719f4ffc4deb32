//! Modules that use modules: what one imports and another exports is linked, and both become one component.
//!
//! It happens here and not on the slave: inside one component calls between modules are fused to a few instructions, and
//! resources and streams pass as they are; what is shipped is one artifact with one digest, in one sandbox.

use super::ModuleError;
use bytes::Bytes;
use runtime::is_hosts;
use std::collections::BTreeSet;
use wac_graph::types::{ItemKind, Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId, PackageId};

/// A component that may use others, or be used.
#[derive(Clone, Debug)]
pub struct Part {
    /// What people call it.
    pub name: String,
    /// The component.
    pub bytes: Bytes,
}

/// Who uses what of whom.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
pub struct Use {
    /// The module that imports.
    pub module: String,
    /// The interface, as it imports it.
    pub interface: String,
    /// The module that exports it.
    pub from: String,
}

/// Links a module with those that it uses, and those that they use. Without any it stays as it is.
///
/// An import is satisfied by an export of the same interface in a compatible version; what nobody offers is left to the
/// host. Each module is instantiated once, whoever uses it.
///
/// # Errors
/// If two offer the same, nobody the right version, or modules use each other in a circle.
pub fn compose(root: &Part, others: &[Part]) -> Result<(Bytes, Vec<Use>), ModuleError> {
    if others.is_empty() {
        return Ok((root.bytes.clone(), Vec::new()));
    }
    let mut composer = Composer::new(root, others)?;
    let instance = composer.instantiate(0)?;
    if composer.uses.is_empty() {
        return Ok((root.bytes.clone(), Vec::new()));
    }
    let bytes = composer.finish(instance);
    let bytes = bytes.map_err(|error| failed(&root.name, &*error))?;
    composer.uses.sort();
    Ok((bytes.into(), composer.uses))
}

/// Why a graph cannot be built.
type Wrong = Box<dyn std::error::Error>;

fn failed(name: &str, error: &dyn std::error::Error) -> ModuleError {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        why = format!("{why}: {next}");
        cause = next.source();
    }
    ModuleError::Compose {
        name: name.to_owned(),
        why,
    }
}

struct Composer {
    graph: CompositionGraph,
    parts: Vec<Placed>,
    uses: Vec<Use>,
}

struct Placed {
    name: String,
    package: PackageId,
    imports: Vec<String>,
    exports: Vec<String>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Untouched,
    /// What it uses is being instantiated.
    Begun,
    Done(NodeId),
}

impl Composer {
    fn new(root: &Part, others: &[Part]) -> Result<Self, ModuleError> {
        let (mut graph, mut parts) = (CompositionGraph::new(), Vec::new());
        for (number, part) in std::iter::once(root).chain(others).enumerate() {
            // Names of files need not be names of packages.
            let name = format!("zymogen:part-{number}");
            let bytes = part.bytes.to_vec();
            let package = Package::from_bytes(&name, None, bytes, graph.types_mut());
            let package = package.map_err(|error| ModuleError::Compose {
                name: part.name.clone(),
                why: format!("{error:#}"),
            })?;
            let package = graph
                .register_package(package)
                .map_err(|error| failed(&part.name, &error))?;
            let world = &graph.types()[graph[package].ty()];
            let interfaces = |items: &mut dyn Iterator<Item = (&String, &ItemKind)>| {
                items
                    .filter(|(_, kind)| matches!(kind, ItemKind::Instance(_)))
                    .map(|(name, _)| name.clone())
                    .collect()
            };
            parts.push(Placed {
                imports: interfaces(&mut world.imports.iter()),
                exports: interfaces(&mut world.exports.iter()),
                name: part.name.clone(),
                package,
                state: State::Untouched,
            });
        }
        Ok(Self {
            graph,
            parts,
            uses: Vec::new(),
        })
    }

    /// Instantiates a part, after those that it uses.
    fn instantiate(&mut self, index: usize) -> Result<NodeId, ModuleError> {
        match self.parts[index].state {
            State::Done(instance) => return Ok(instance),
            State::Begun => return Err(self.circle(index)),
            State::Untouched => self.parts[index].state = State::Begun,
        }
        let mut arguments = Vec::new();
        for interface in self.parts[index].imports.clone() {
            let Some((from, export)) = self.provider(index, &interface)? else {
                continue;
            };
            let instance = self.instantiate(from)?;
            self.uses.push(Use {
                module: self.parts[index].name.clone(),
                interface: interface.clone(),
                from: self.parts[from].name.clone(),
            });
            arguments.push((interface, instance, export));
        }
        let instance = self.graph.instantiate(self.parts[index].package);
        for (interface, from, export) in arguments {
            let linked = self.link(instance, &interface, from, &export);
            linked.map_err(|error| failed(&self.parts[index].name, &*error))?;
        }
        self.parts[index].state = State::Done(instance);
        Ok(instance)
    }

    /// Who exports an interface, and the name under which it does.
    fn provider(
        &self,
        user: usize,
        interface: &str,
    ) -> Result<Option<(usize, String)>, ModuleError> {
        let others = || {
            let others = self.parts.iter().enumerate();
            others.filter(move |(index, _)| *index != user)
        };
        let mut found = Vec::new();
        for (index, part) in others() {
            let mut exports = part.exports.iter();
            let fits =
                |export: &&String| *export == interface || are_semver_compatible(export, interface);
            found.extend(exports.find(fits).map(|export| (index, export.clone())));
        }
        let name = |index: usize| self.parts[index].name.clone();
        match found.as_slice() {
            [only] => Ok(Some(only.clone())),
            [(first, _), (second, _), ..] => Err(ModuleError::TwoOffer {
                module: name(user),
                interface: interface.to_owned(),
                first: name(*first),
                second: name(*second),
            }),
            [] if is_hosts(interface) => Ok(None),
            [] => {
                let near = others().find_map(|(index, part)| {
                    let mut exports = part.exports.iter();
                    let export =
                        exports.find(|export| unversioned(export) == unversioned(interface));
                    export.map(|export| (index, export.clone()))
                });
                match near {
                    None => Ok(None),
                    Some((index, offered)) => Err(ModuleError::WrongVersion {
                        module: name(user),
                        interface: interface.to_owned(),
                        other: name(index),
                        offered,
                    }),
                }
            }
        }
    }

    fn link(
        &mut self,
        instance: NodeId,
        interface: &str,
        from: NodeId,
        export: &str,
    ) -> Result<(), Wrong> {
        let export = self.graph.alias_instance_export(from, export)?;
        let set = self
            .graph
            .set_instantiation_argument(instance, interface, export);
        Ok(set?)
    }

    fn circle(&self, index: usize) -> ModuleError {
        let begun = |part: &&Placed| matches!(part.state, State::Begun);
        let names = self.parts.iter().filter(begun);
        ModuleError::Circle {
            module: self.parts[index].name.clone(),
            modules: names.map(|part| part.name.clone()).collect(),
        }
    }

    /// Exports all that the root does; before it the interfaces whose types these exports use, for a component must show
    /// where the types of its exports come from.
    fn finish(&mut self, root: NodeId) -> Result<Vec<u8>, Wrong> {
        let types = self.graph.types();
        let world = &types[self.graph[self.parts[0].package].ty()];
        let exports: Vec<_> = world.exports.keys().cloned().collect();
        let instances = world.exports.values().filter_map(|kind| match kind {
            ItemKind::Instance(id) => Some(&types[*id]),
            _ => None,
        });
        let used = instances.flat_map(|interface| interface.uses.values());
        let used: BTreeSet<_> = used
            .filter_map(|used| types[used.interface].id.clone())
            .collect();
        let arguments = self.graph.get_instantiation_arguments(root);
        let shown: Vec<_> = arguments
            .filter(|(name, _)| used.contains(*name) && !exports.iter().any(|own| own == name))
            .map(|(name, argument)| (name.to_owned(), argument))
            .collect();
        for (name, argument) in shown {
            self.graph.export(argument, name)?;
        }
        for name in exports {
            let export = self.graph.alias_instance_export(root, &name)?;
            self.graph.export(export, &name)?;
        }
        Ok(self.graph.encode(EncodeOptions::default())?)
    }
}

fn unversioned(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}

#[cfg(test)]
mod tests;
