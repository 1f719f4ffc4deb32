//! The layout of a component: what we make, what we take, and what we do not.

use super::digest;
use crate::registry::manifest::{World, config, layer, manifest};
use crate::registry::{Digest, Reference, RegistryError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn read(manifest: &Value) -> Result<(Digest, u64), RegistryError> {
    let reference: Reference = "oci:localhost/motd:1".parse().unwrap();
    layer(&reference, manifest.to_string().as_bytes())
}

fn of_layers(layers: &Value) -> Value {
    json!({ "schemaVersion": 2, "config": { "mediaType": "x/config", "digest": digest('c'), "size": 2 }, "layers": layers })
}

fn a_layer(media_type: &str) -> Value {
    json!({ "mediaType": media_type, "digest": digest('a'), "size": 7, "annotations": {} })
}

#[test]
fn what_is_pushed_has_the_layout_of_the_guidance() {
    let (component, names) = (b"component", ["a:b/c@1.0.0".to_owned()]);
    let world = World {
        exports: &names,
        imports: &[],
    };
    let digest = Digest::of(component);
    let config = config(&digest, world).unwrap();
    let annotations = BTreeMap::from([(
        "org.opencontainers.image.title".to_owned(),
        "motd".to_owned(),
    )]);
    let manifest = manifest(component, &config, &annotations).unwrap();
    let written: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(
        written,
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": Digest::of(&config).as_str(),
                "size": config.len(),
            },
            "layers": [{ "mediaType": "application/wasm", "digest": digest.as_str(), "size": 9 }],
            "annotations": { "org.opencontainers.image.title": "motd" },
        })
    );
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(
        config,
        json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [digest.as_str()],
            "component": { "exports": ["a:b/c@1.0.0"], "imports": [] },
        })
    );
    assert_eq!(read(&written).unwrap(), (digest, 9));
}

#[test]
fn others_may_call_the_layer_otherwise_and_have_more_beside_it() {
    for media_type in [
        "application/wasm",
        "application/vnd.wasm.content.layer.v1+wasm",
    ] {
        let layers = json!([a_layer("text/plain"), a_layer(media_type)]);
        let (found, size) = read(&of_layers(&layers)).unwrap();
        assert_eq!((found.as_str(), size), (digest('a').as_str(), 7));
    }
}

#[test]
fn what_is_no_component_says_what_it_is() {
    let wasm = a_layer("application/wasm");
    let index = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [] });
    let mut odd = wasm.clone();
    odd["digest"] = "sha256:../../etc/passwd".into();
    for (manifest, why) in [
        (
            of_layers(&json!([a_layer(
                "application/vnd.oci.image.layer.v1.tar+gzip"
            )])),
            "x/config",
        ),
        (of_layers(&json!([])), "no WebAssembly"),
        (of_layers(&json!([wasm, wasm])), "2 components"),
        (of_layers(&json!([odd])), "bad digest"),
        (index, "several machines"),
        (json!("manifest"), "no manifest"),
        (json!({}), "no manifest"),
    ] {
        match read(&manifest) {
            Err(RegistryError::NotWasm { why: said, .. }) => assert!(said.contains(why), "{said}"),
            other => panic!("{manifest}: {other:?}"),
        }
    }
}

#[test]
fn a_component_has_a_bound() {
    let mut large = a_layer("application/wasm");
    large["size"] = (512_u64 << 20).into();
    assert!(read(&of_layers(&json!([large]))).is_ok());
    large["size"] = ((512_u64 << 20) + 1).into();
    let read = read(&of_layers(&json!([large])));
    assert!(
        matches!(read, Err(RegistryError::TooLarge { .. })),
        "{read:?}"
    );
}
