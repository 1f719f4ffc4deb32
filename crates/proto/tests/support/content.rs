//! Modules and resources: what is asked for, announced and offered.

use super::example::{Example, down, item, up};
use super::{compatibility, module};
use proto::message::{
    Content, EngineKind, ForwardModule, GetModule, GetResource, LoadModule, LoadResource, Loaded,
    Transfer,
};
use proto::{ContextId, Digest, Handle};

/// Receives what the examples ask for.
const TO: Handle = Handle(1001);

const RESOURCE: Digest = Digest([0xcd; 32]);

pub fn all() -> Vec<Example> {
    let load_module = |name, to, loaded| {
        let module = module();
        let load = LoadModule { module, to, loaded };
        item(name, down(Handle::LOAD_MODULE), load)
    };
    let load_resource = |name, to, loaded| {
        let digest = RESOURCE;
        let load = LoadResource { digest, to, loaded };
        item(name, down(Handle::LOAD_RESOURCE), load)
    };
    let forward = |name, content, with| {
        let target = ContextId(4);
        let forward = ForwardModule {
            target,
            content,
            with,
        };
        item(name, down(Handle::FORWARD_MODULE), forward)
    };
    let missing = || "not offered".to_owned();
    vec![
        item("get-module", up(Handle::GET_MODULE), get_module()),
        load_module("load-module-found", TO, machine_code()),
        load_module("load-module-missing", TO, Loaded::Missing(missing())),
        load_module("load-module-offered", Handle::NONE, Loaded::Offered),
        item("get-resource", up(Handle::GET_RESOURCE), get_resource()),
        load_resource("load-resource-found", TO, file()),
        load_resource("load-resource-missing", TO, Loaded::Missing(missing())),
        load_resource("load-resource-offered", Handle::NONE, Loaded::Offered),
        forward(
            "forward-module",
            Content::Module {
                module: module(),
                compatibility: compatibility(),
            },
            Some(RESOURCE),
        ),
        forward("forward-resource", Content::Resource(RESOURCE), None),
    ]
}

fn get_module() -> GetModule {
    GetModule {
        module: module(),
        compatibility: compatibility(),
        to: TO,
    }
}

fn machine_code() -> Loaded<EngineKind> {
    Loaded::Found {
        transfer: Transfer {
            packed_len: 300_000,
            len: 1_000_000,
            digest: Digest([0xef; 32]),
        },
        about: EngineKind::Plain,
    }
}

fn get_resource() -> GetResource {
    GetResource {
        digest: RESOURCE,
        to: TO,
    }
}

fn file() -> Loaded<()> {
    Loaded::Found {
        transfer: Transfer {
            packed_len: 14,
            len: 5,
            digest: RESOURCE,
        },
        about: (),
    }
}
