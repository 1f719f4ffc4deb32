//! Slave images for the children of this context: its own, which runs on any machine of the same kind, and what its
//! parent has for others.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use broker::Broker;
use broker::content::Relay;
use bytes::Bytes;
use connect::{Format, IMAGE_PATIENCE, ImageError, ImageId, ImageSource, Packed};
use proto::Digest;
use proto::message::Content;
use std::fs;
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// This process's executable. It can be read even if it has no name any more.
const EXECUTABLE: &str = "/proc/self/exe";

/// `uname -m` of the machines that it is for.
const MACHINE: &str = if cfg!(target_arch = "aarch64") {
    "aarch64"
} else {
    "x86_64"
};

/// It is packed while a child waits for it, so that it does not go over a network at its full length.
const ZSTD_LEVEL: i32 = 3;

/// The images for one launch.
pub(crate) struct Images {
    /// What the launch looks for, as the master knows it.
    pub(crate) known: Vec<ImageId>,
    pub(crate) relay: Arc<Relay>,
    pub(crate) broker: Broker,
}

#[async_trait]
impl ImageSource for Images {
    async fn image(&self, machine: &str, formats: &[Format]) -> Result<Packed, ImageError> {
        let known = self.known.iter().find(|known| known.machine == machine);
        let known =
            known.ok_or_else(|| format!("the master has not named an image for {machine}"))?;
        match known.content {
            None => own(known, formats).await,
            Some(digest) => self.fetched(known, digest, formats).await,
        }
    }
}

impl Images {
    /// What this context does not run it gets from its parent, and keeps for the next child.
    async fn fetched(
        &self,
        known: &ImageId,
        digest: Digest,
        formats: &[Format],
    ) -> Result<Packed, ImageError> {
        let content = Content::Resource(digest);
        let packed = self.relay.whole(&self.broker, &content);
        let packed = timeout(IMAGE_PATIENCE, packed)
            .await
            .map_err(|_| "the image did not come from the parent in time")??;
        let format = choose(formats)?;
        let bytes = match format {
            Format::Zstd => packed.zstd.clone(),
            _ => tokio::task::spawn_blocking(move || packed.unpack()).await??,
        };
        // The first stage checks it on arrival.
        Ok(Packed {
            format,
            bytes,
            sha256: known.sha256.clone(),
        })
    }
}

/// This process's own image, under the digest by which the master knows it.
async fn own(known: &ImageId, formats: &[Format]) -> Result<Packed, ImageError> {
    if known.machine != MACHINE {
        let why = format!(
            "this context has the image for {MACHINE} only, not {}",
            known.machine
        );
        return Err(why.into());
    }
    // Nobody can write to a file that is being executed.
    if fs::metadata(EXECUTABLE)?.len() != known.size {
        return Err("this context runs another image than the master knows".into());
    }
    let format = choose(formats)?;
    let bytes = match format {
        Format::Zstd => shared(&ZSTD, format).await?,
        _ => shared(&RAW, format).await?,
    };
    // The first stage checks it on arrival.
    Ok(Packed {
        format,
        bytes,
        sha256: known.sha256.clone(),
    })
}

/// What some child is being sent. Children that start at one time share it, and it goes with the last of them.
type Sent = Mutex<Weak<Vec<u8>>>;
static RAW: Sent = Mutex::const_new(Weak::new());
static ZSTD: Sent = Mutex::const_new(Weak::new());

async fn shared(sent: &Sent, format: Format) -> Result<Bytes, ImageError> {
    // Whoever else wants it waits for the one that packs.
    let mut sent = sent.lock().await;
    if let Some(bytes) = sent.upgrade() {
        return Ok(Bytes::from_owner(Shared(bytes)));
    }
    let work = tokio::task::spawn_blocking(move || read(format));
    let bytes = Arc::new(work.await??);
    *sent = Arc::downgrade(&bytes);
    Ok(Bytes::from_owner(Shared(bytes)))
}

struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn read(format: Format) -> std::io::Result<Vec<u8>> {
    let bytes = fs::read(EXECUTABLE)?;
    match format {
        Format::Zstd => zstd::bulk::compress(&bytes, ZSTD_LEVEL),
        _ => Ok(bytes),
    }
}

/// The best format that this program can make.
fn choose(formats: &[Format]) -> Result<Format, ImageError> {
    let mut formats = formats.iter().copied();
    let format = formats.find(|format| *format != Format::Gzip);
    format.ok_or_else(|| {
        "the target takes the image only as gzip, which this context cannot make".into()
    })
}
