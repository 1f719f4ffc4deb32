//! Files of this machine that tasks install elsewhere, by digest.

use super::library::resource;
use broker::content::{MAX_CONTENT, Packed};
use bytes::Bytes;
use proto::Digest;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Files are packed while somebody waits for them.
const ZSTD_LEVEL: i32 = 1;

/// A file that was offered: what `zymogen:task/grants.source` says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The path, as the plan gives it.
    pub name: String,
    /// BLAKE3 of the content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

/// A file that cannot be offered.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct SourceError {
    /// The file.
    pub path: PathBuf,
    /// The operating system's word.
    pub error: io::Error,
}

/// The files that contexts may ask for.
#[derive(Debug, Default)]
pub struct Sources {
    offered: Mutex<HashMap<Digest, Offered>>,
    /// Content that is no file of its own: images, which may be part of this program.
    held: Mutex<HashMap<Digest, Arc<Packed>>>,
    /// What was offered since contexts were last told: one of them may have been told that there is no such file.
    news: Mutex<Vec<Digest>>,
}

#[derive(Clone, Default, Debug)]
struct Offered {
    path: PathBuf,
    /// What is being sent of it. Whoever packs it holds the lock, so that the others share what comes out.
    packed: Arc<tokio::sync::Mutex<Weak<Packed>>>,
}

impl Sources {
    /// Reads a file once for its digest. From now on contexts may ask for it.
    ///
    /// # Errors
    /// If it cannot be read, or is no regular file.
    pub fn offer(&self, name: &str, path: &Path) -> Result<Source, SourceError> {
        let fail = |error| SourceError {
            path: path.to_owned(),
            error,
        };
        let file = File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if !metadata.is_file() {
            let why = "it is no regular file";
            return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, why)));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).map_err(fail)?;
        let digest = Digest(*hasher.finalize().as_bytes());
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        // Also if it was offered before: it may have been refused because it could not be read for a moment.
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.push(digest);
        drop(news);
        offered.entry(digest).or_default().path = path.to_owned();
        Ok(Source {
            name: name.to_owned(),
            digest,
            size: metadata.len(),
        })
    }

    /// Offers content that is packed already, as a zstd frame.
    pub(super) fn hold(&self, raw: &[u8], zstd: Bytes) -> Digest {
        let digest = Digest(*blake3::hash(raw).as_bytes());
        let packed = Arc::new(resource(digest, raw.len() as u64, zstd));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(digest, packed);
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.push(digest);
        digest
    }

    fn held(&self, digest: &Digest) -> Option<Arc<Packed>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(digest).cloned()
    }

    /// What contexts are yet to be told of. It is for the caller to tell them.
    pub(super) fn news(&self) -> Vec<Digest> {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *news)
    }

    /// The content of an offered file, for a context that asks for it. There is one copy as long as anybody
    /// holds it.
    pub(super) async fn packed(&self, digest: &Digest) -> Result<Arc<Packed>, String> {
        if let Some(packed) = self.held(digest) {
            return Ok(packed);
        }
        let offered = self
            .offered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
            .ok_or("the master has not offered it")?;
        let mut shared = offered.packed.lock().await;
        if let Some(packed) = shared.upgrade() {
            return Ok(packed);
        }
        let (path, digest) = (offered.path.clone(), *digest);
        let work = tokio::task::spawn_blocking(move || {
            pack(&path, &digest).map_err(|error| format!("{}: {error}", path.display()))
        });
        let packed = Arc::new(work.await.map_err(|error| error.to_string())??);
        *shared = Arc::downgrade(&packed);
        Ok(packed)
    }
}

/// Reads and packs a file in pieces: only what is packed is kept.
fn pack(path: &Path, digest: &Digest) -> io::Result<Packed> {
    let changed = |_| io::Error::other("it has changed since the plan was read");
    let mut file = File::open(path)?;
    let expected = file.metadata()?.len();
    can_be_sent(expected)?;
    let mut encoder = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
    // Files that the kernel makes up have no length until they are read.
    encoder.set_pledged_src_size(Some(expected).filter(|len| *len > 0))?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; broker::IO_SIZE];
    let mut len = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        len += read as u64;
        can_be_sent(len)?;
        hasher.update(&piece[..read]);
        // It fails only if there is more than it was told, or in the end less.
        encoder.write_all(&piece[..read]).map_err(changed)?;
    }
    let zstd = Bytes::from(encoder.finish().map_err(changed)?);
    can_be_sent(zstd.len() as u64)?;
    if hasher.finalize().as_bytes() != &digest.0 {
        return Err(changed(io::ErrorKind::Other.into()));
    }
    Ok(resource(*digest, len, zstd))
}

/// Whoever asked would not take more, and so it is not even packed.
fn can_be_sent(len: u64) -> io::Result<()> {
    if len <= MAX_CONTENT {
        return Ok(());
    }
    let why = format!("it has {len} bytes or more, at most {MAX_CONTENT} can be sent");
    Err(io::Error::other(why))
}
