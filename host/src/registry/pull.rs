//! From a reference to a component. Nothing is used whose digest was not computed here.

use super::manifest::{INDEXES, MANIFEST, layer};
use super::session::{Session, Wanted};
use super::{Digest, Reference, RegistryError};
use crate::build::{Progress, UserCache};
use bytes::Bytes;
use oci_client::RegistryOperation;

/// The longest manifest. They have a few hundred bytes.
const MAX_MANIFEST: u64 = 4 << 20;

/// What a reference's tag stands for now. The manifest is kept.
pub(super) async fn resolve(
    reference: &Reference,
    cache: &UserCache,
) -> Result<Digest, RegistryError> {
    let session = Session::open(reference, RegistryOperation::Pull).await?;
    let tag = reference.tag().unwrap_or_default();
    let manifest = get_manifest(&session, "tag", tag).await?;
    // What is no module is not pinned.
    layer(reference, &manifest)?;
    let digest = Digest::of(&manifest);
    cache.put(digest.as_str(), &manifest);
    Ok(digest)
}

/// A component by the digest of its manifest. What is in the cache needs no registry.
pub(super) async fn pull(
    reference: &Reference,
    digest: &Digest,
    cache: &UserCache,
    progress: &dyn Progress,
) -> Result<Bytes, RegistryError> {
    let mut session = None;
    let manifest = match kept(cache, digest) {
        Some(manifest) => manifest,
        None => {
            let session = opened(&mut session, reference, progress).await?;
            let manifest = get_manifest(session, "manifest", digest.as_str()).await?;
            checked(reference, "manifest", &manifest, digest)?;
            cache.put(digest.as_str(), &manifest);
            manifest
        }
    };
    let (digest, size) = layer(reference, &manifest)?;
    if let Some(component) = kept(cache, &digest) {
        return Ok(component);
    }
    let wanted = Wanted {
        what: "component",
        path: format!("blobs/{digest}"),
        accept: "*/*",
        limit: size,
    };
    let session = opened(&mut session, reference, progress).await?;
    let component = session.get(&wanted).await?;
    checked(reference, "component", &component, &digest)?;
    cache.put(digest.as_str(), &component);
    Ok(component)
}

async fn opened<'a>(
    session: &'a mut Option<Session>,
    reference: &Reference,
    progress: &dyn Progress,
) -> Result<&'a Session, RegistryError> {
    match session {
        Some(session) => Ok(session),
        none => {
            progress.step(&format!("pulling {reference}"));
            Ok(none.insert(Session::open(reference, RegistryOperation::Pull).await?))
        }
    }
}

async fn get_manifest(
    session: &Session,
    what: &'static str,
    name: &str,
) -> Result<Bytes, RegistryError> {
    let [index, list] = INDEXES;
    let wanted = Wanted {
        what,
        path: format!("manifests/{name}"),
        accept: &format!("{MANIFEST}, {index}, {list}"),
        limit: MAX_MANIFEST,
    };
    session.get(&wanted).await
}

/// What was kept, if it is still what it was.
fn kept(cache: &UserCache, digest: &Digest) -> Option<Bytes> {
    let bytes = cache.get(digest.as_str())?;
    (Digest::of(&bytes) == *digest).then(|| bytes.into())
}

fn checked(
    reference: &Reference,
    what: &'static str,
    bytes: &[u8],
    expected: &Digest,
) -> Result<(), RegistryError> {
    let found = Digest::of(bytes);
    if found == *expected {
        return Ok(());
    }
    Err(RegistryError::Digest {
        reference: Box::new(reference.clone()),
        what,
        expected: expected.clone(),
        found,
    })
}
