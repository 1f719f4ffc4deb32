//! The layout of a component in a registry, as the CNCF's guidance for WebAssembly has it and wkg and others make it: a
//! manifest whose config is of the type below, and one layer, which is the component.

use super::{Digest, Reference, RegistryError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The type of a manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Lists of manifests: asked for only to be able to say what is there.
pub(super) const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// The type of the config of a component.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The type of a component as a layer.
const LAYER: &str = "application/wasm";

/// What others have called it before there was a convention.
const OLD_LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// The longest component.
const MAX_LAYER: u64 = 512 << 20;

/// When all components were made, says their config, so that to push one again changes no digest.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Something in a registry, as a manifest names it.
#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    media_type: String,
    pub digest: String,
    pub size: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: &'a str,
    architecture: &'a str,
    os: &'a str,
    layer_digests: [&'a str; 1],
    component: World<'a>,
}

/// What a component imports and exports.
#[derive(Clone, Copy, Serialize, Debug)]
pub struct World<'a> {
    /// The names of its exports.
    pub exports: &'a [String],
    /// The names of its imports.
    pub imports: &'a [String],
}

/// The component that a manifest names: its digest and its size.
///
/// # Errors
/// If it is the manifest of something else, or the component is too large.
pub(super) fn layer(
    reference: &Reference,
    manifest: &[u8],
) -> Result<(Digest, u64), RegistryError> {
    let not = |why: String| RegistryError::NotWasm {
        reference: Box::new(reference.clone()),
        why,
    };
    let manifest: Manifest = serde_json::from_slice(manifest)
        .map_err(|_| not("it has no manifest that can be read".to_owned()))?;
    if INDEXES.contains(&manifest.media_type.as_str()) {
        return Err(not("it is a list of images for several machines".to_owned()));
    }
    let is_wasm = |layer: &&Descriptor| [LAYER, OLD_LAYER].contains(&layer.media_type.as_str());
    let found: Vec<_> = manifest.layers.iter().filter(is_wasm).collect();
    let layer = match found.as_slice() {
        [only] => only,
        [] => {
            let of = manifest.config.map(|config| config.media_type);
            let of = of.unwrap_or_else(|| "no type".to_owned());
            let of: String = of.chars().take(100).collect();
            return Err(not(format!(
                "it has no WebAssembly in it, and its config is of {of}"
            )));
        }
        several => return Err(not(format!("it has {} components in it", several.len()))),
    };
    let digest = layer.digest.parse();
    let digest = digest.map_err(|why: &str| not(format!("its layer has a bad digest: {why}")))?;
    if layer.size > MAX_LAYER {
        return Err(RegistryError::TooLarge {
            reference: Box::new(reference.clone()),
            what: "component",
            limit: MAX_LAYER,
        });
    }
    Ok((digest, layer.size))
}

/// The config of a component.
pub(super) fn config(component: &Digest, world: World<'_>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Config {
        created: CREATED,
        architecture: "wasm",
        os: "wasip2",
        layer_digests: [component.as_str()],
        component: world,
    })
}

/// The manifest of a component and its config.
pub(super) fn manifest(
    component: &[u8],
    config: &[u8],
    annotations: &BTreeMap<String, String>,
) -> serde_json::Result<Vec<u8>> {
    let descriptor = |media_type: &str, content: &[u8]| Descriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(content).to_string(),
        size: content.len() as u64,
    };
    serde_json::to_vec(&Manifest {
        schema_version: 2,
        media_type: MANIFEST.to_owned(),
        config: Some(descriptor(CONFIG, config)),
        layers: vec![descriptor(LAYER, component)],
        annotations: annotations.clone(),
    })
}
