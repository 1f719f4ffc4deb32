//! From a component to a registry.

use super::manifest::{MANIFEST, World, config, manifest};
use super::session::Session;
use super::{Digest, Reference, RegistryError};
use bytes::Bytes;
use oci_client::RegistryOperation;
use reqwest::header::HeaderValue;
use std::collections::BTreeMap;

/// What is pushed.
#[derive(Clone, Copy, Debug)]
pub struct Artifact<'a> {
    /// The component.
    pub component: &'a Bytes,
    /// What it imports and exports.
    pub world: World<'a>,
    /// What else the manifest says about it.
    pub annotations: &'a BTreeMap<String, String>,
}

/// Pushes a component. Gives the digest of its manifest.
pub(super) async fn push(
    reference: &Reference,
    artifact: Artifact<'_>,
) -> Result<Digest, RegistryError> {
    let session = Session::open(reference, RegistryOperation::Push).await?;
    let component = artifact.component;
    let digest = Digest::of(component);
    let unwritten = |error: serde_json::Error| session.answer(&error.to_string());
    let config = config(&digest, artifact.world).map_err(unwritten)?;
    let manifest = manifest(component, &config, artifact.annotations).map_err(unwritten)?;
    blob(&session, component, &digest).await?;
    blob(&session, &config.clone().into(), &Digest::of(&config)).await?;
    let digest = Digest::of(&manifest);
    let media_type = HeaderValue::from_static(MANIFEST);
    let pushed = session
        .client
        .push_manifest_raw(&session.image, manifest, media_type);
    session.send(0, pushed).await?;
    Ok(digest)
}

/// Pushes what the registry does not have yet.
async fn blob(session: &Session, content: &Bytes, digest: &Digest) -> Result<(), RegistryError> {
    let (client, image) = (&session.client, &session.image);
    let is_there = session.send(0, client.blob_exists(image, digest.as_str()));
    if !is_there.await? {
        let pushed = client.push_blob(image, content.clone(), digest.as_str());
        session.send(content.len(), pushed).await?;
    }
    Ok(())
}
