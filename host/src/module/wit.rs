//! What a component's own WIT says and its machine code has lost: documentation, and the names of types.

mod named;

pub(super) use named::parts;
pub use named::{Named, Part};

use super::ModuleError;
use super::prose::Prose;
use proto::message::Export;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Function, Handle, Interface, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, World,
    WorldId, WorldItem,
};

/// The decoded WIT of one component.
pub struct Wit {
    resolve: Resolve,
    world: WorldId,
    prose: Prose,
}

impl Wit {
    /// Decodes the WIT that is in a component.
    ///
    /// # Errors
    /// If it has none that can be read.
    pub fn of(name: &str, component: &[u8]) -> Result<Self, ModuleError> {
        let fail = |why: String| ModuleError::Wit {
            name: name.to_owned(),
            why,
        };
        match decode(component).map_err(|error| fail(format!("{error:#}")))? {
            DecodedWasm::Component(resolve, world) => Ok(Self {
                resolve,
                world,
                prose: Prose::of(component),
            }),
            DecodedWasm::WitPackage(..) => Err(fail(
                "it is a WIT package, which has no functions to call".to_owned(),
            )),
        }
    }

    /// The exported interfaces, with their names as exports have them.
    #[must_use]
    pub fn interfaces(&self) -> Vec<(String, &Interface)> {
        self.world()
            .exports
            .values()
            .filter_map(|item| match item {
                WorldItem::Interface { id, .. } => {
                    Some((self.name(*id), &self.resolve.interfaces[*id]))
                }
                _ => None,
            })
            .collect()
    }

    /// The names of what the component imports.
    #[must_use]
    pub fn import_names(&self) -> Vec<String> {
        let keys = self.world().imports.keys();
        keys.map(|key| self.resolve.name_world_key(key)).collect()
    }

    /// The names of what it exports.
    #[must_use]
    pub fn export_names(&self) -> Vec<String> {
        let keys = self.world().exports.keys();
        keys.map(|key| self.resolve.name_world_key(key)).collect()
    }

    /// The prose of an exported interface.
    #[must_use]
    pub fn interface_docs(&self, interface: &str) -> Option<&str> {
        self.prose.interface(interface)
    }

    /// The prose of an exported function.
    #[must_use]
    pub fn function_docs(&self, export: &Export) -> Option<&str> {
        let interface = export.interface.as_deref().unwrap_or_default();
        self.prose.function(interface, &export.function)
    }

    /// The fields of a record that is the type of a function's parameter, in order: name, type as WIT
    /// writes it, prose.
    #[must_use]
    pub fn record_fields(&self, export: &Export, param: &str) -> Vec<Field> {
        let ty = self
            .function(export)
            .and_then(|function| function.params.iter().find(|p| p.name == param))
            .map(|param| param.ty);
        ty.map(|ty| self.fields(ty)).unwrap_or_default()
    }

    /// The fields of a record type, or none.
    #[must_use]
    pub fn fields(&self, ty: Type) -> Vec<Field> {
        let Some(TypeDefKind::Record(record)) = self.resolved(ty) else {
            return Vec::new();
        };
        let (owner, name) = self.owner(self.bare(ty)).unwrap_or_default();
        record
            .fields
            .iter()
            .map(|field| Field {
                name: field.name.clone(),
                ty: field.ty,
                text: self.text(field.ty),
                docs: self
                    .prose
                    .part(&owner, &name, &field.name)
                    .map(str::to_owned),
            })
            .collect()
    }

    /// An exported function's parameter.
    #[must_use]
    pub fn param(&self, export: &Export, param: &str) -> Option<Type> {
        let function = self.function(export)?;
        let found = function.params.iter().find(|p| p.name == param)?;
        Some(found.ty)
    }

    /// The types of all parameters and of the result of an exported function.
    #[must_use]
    pub fn types(&self, export: &Export) -> Vec<Type> {
        let function = self.function(export);
        let types = function.map(|function| {
            let params = function.params.iter().map(|param| param.ty);
            params.chain(function.result).collect()
        });
        types.unwrap_or_default()
    }

    /// The type of an exported function's result.
    #[must_use]
    pub fn result(&self, export: &Export) -> Option<Type> {
        self.function(export)?.result
    }

    /// The fields of the record that a function gives if all goes well.
    #[must_use]
    pub fn report_fields(&self, export: &Export) -> Vec<Field> {
        match self.result(export).and_then(|ty| self.resolved(ty)) {
            Some(TypeDefKind::Result(result)) => {
                result.ok.map(|ty| self.fields(ty)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// The name that `zymogen:task/grants` gives to a type, if the type is one of those.
    #[must_use]
    pub fn grant_type(&self, ty: Type) -> Option<&str> {
        let mut id = type_id(ty)?;
        loop {
            let def = &self.resolve.types[id];
            if let TypeOwner::Interface(owner) = def.owner
                && self.name(owner).split('@').next() == Some("zymogen:task/grants")
            {
                return def.name.as_deref();
            }
            match def.kind {
                TypeDefKind::Type(Type::Id(next)) => id = next,
                _ => return None,
            }
        }
    }

    /// What a type is made of, aliases aside. None for a primitive type.
    #[must_use]
    pub fn resolved(&self, ty: Type) -> Option<&TypeDefKind> {
        let mut id = type_id(ty)?;
        loop {
            match &self.resolve.types[id].kind {
                TypeDefKind::Type(Type::Id(next)) => id = *next,
                TypeDefKind::Type(_) => return None,
                kind => return Some(kind),
            }
        }
    }

    /// A type as WIT writes it: by its name if it has one.
    #[must_use]
    pub fn text(&self, ty: Type) -> String {
        let Some(id) = type_id(ty) else {
            return format!("{ty:?}").to_lowercase();
        };
        let def = &self.resolve.types[id];
        if let Some(name) = &def.name {
            return name.clone();
        }
        let inner = |ty: &Option<Type>| ty.map_or("_".to_owned(), |ty| self.text(ty));
        match &def.kind {
            TypeDefKind::Option(ty) => format!("option<{}>", self.text(*ty)),
            TypeDefKind::List(ty) => format!("list<{}>", self.text(*ty)),
            TypeDefKind::FixedLengthList(ty, len) => format!("list<{}, {len}>", self.text(*ty)),
            TypeDefKind::Map(key, value) => {
                format!("map<{}, {}>", self.text(*key), self.text(*value))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(|ty| self.text(*ty)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            TypeDefKind::Result(result) => {
                format!("result<{}, {}>", inner(&result.ok), inner(&result.err))
            }
            TypeDefKind::Stream(None) | TypeDefKind::Future(None) => def.kind.as_str().to_owned(),
            TypeDefKind::Stream(ty) => format!("stream<{}>", inner(ty)),
            TypeDefKind::Future(ty) => format!("future<{}>", inner(ty)),
            TypeDefKind::Handle(Handle::Own(resource)) => self.text(Type::Id(*resource)),
            TypeDefKind::Handle(Handle::Borrow(resource)) => {
                format!("borrow<{}>", self.text(Type::Id(*resource)))
            }
            TypeDefKind::Type(ty) => self.text(*ty),
            kind => kind.as_str().to_owned(),
        }
    }

    /// The names that an enum or a variant offers.
    #[must_use]
    pub fn cases(&self, ty: Type) -> Vec<String> {
        match self.resolved(ty) {
            Some(TypeDefKind::Enum(cases)) => cases.cases.iter().map(|c| c.name.clone()).collect(),
            Some(TypeDefKind::Variant(cases)) => {
                cases.cases.iter().map(|c| c.name.clone()).collect()
            }
            Some(TypeDefKind::Option(inner)) => self.cases(*inner),
            _ => Vec::new(),
        }
    }

    /// The interface and the name of a type. One of the world itself has no interface.
    fn owner(&self, ty: Type) -> Option<(String, String)> {
        let def = &self.resolve.types[type_id(ty)?];
        let interface = match def.owner {
            TypeOwner::Interface(id) => self.name(id),
            TypeOwner::World(_) => String::new(),
            TypeOwner::None => return None,
        };
        Some((interface, def.name.clone()?))
    }

    fn function(&self, export: &Export) -> Option<&Function> {
        match &export.interface {
            Some(wanted) => {
                let (_, interface) = self
                    .interfaces()
                    .into_iter()
                    .find(|(name, _)| name == wanted)?;
                interface.functions.get(&export.function)
            }
            None => self.world().exports.values().find_map(|item| match item {
                WorldItem::Function(function) if function.name == export.function => Some(function),
                _ => None,
            }),
        }
    }

    fn world(&self) -> &World {
        &self.resolve.worlds[self.world]
    }

    fn name(&self, interface: InterfaceId) -> String {
        self.resolve
            .id_of(interface)
            .or_else(|| self.resolve.interfaces[interface].name.clone())
            .unwrap_or_default()
    }
}

/// One field of a record.
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// The same as WIT writes it.
    pub text: String,
    /// Its prose.
    pub docs: Option<String>,
}

fn type_id(ty: Type) -> Option<TypeId> {
    match ty {
        Type::Id(id) => Some(id),
        _ => None,
    }
}
