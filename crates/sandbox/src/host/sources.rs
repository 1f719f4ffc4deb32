//! `zymogen:task/sources`: files of the master that the call's parameters name.

use super::bindings::zymogen::task::{files, sources};
use crate::guest::Guest;
use bytes::Bytes;
use proto::Digest;
use wasmtime::Result;

impl Guest {
    /// Fetches the content of a source that the policy grants.
    pub(super) async fn source(&mut self, digest: &str) -> Result<Bytes, files::Error> {
        let digest: Digest = digest
            .parse()
            .map_err(|error| files::Error::NotFound(format!("source `{digest}`: {error}")))?;
        if !self.policy.may_read_source(&digest) {
            return Err(files::Error::Denied(format!(
                "source {} is not granted",
                digest.short()
            )));
        }
        self.upstream
            .resource(&digest)
            .await
            .map_err(files::Error::NotFound)
    }
}

impl sources::Host for Guest {
    async fn read(&mut self, digest: String, limit: u64) -> Result<Result<Vec<u8>, files::Error>> {
        Ok(self.source(&digest).await.and_then(|bytes| {
            if bytes.len() as u64 > limit {
                Err(files::Error::TooLarge(limit))
            } else {
                Ok(bytes.into())
            }
        }))
    }
}
