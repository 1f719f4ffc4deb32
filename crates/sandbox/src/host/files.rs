//! `zymogen:task/files`: files by path, inside the policy's grants.
//!
//! The policy is asked first; then all that touches a disk happens on threads that may block.

mod attributes;
mod content;
mod directory;
mod one_step;
#[cfg(test)]
mod tests;
mod xattr;

use super::bindings::zymogen::task::files::{Attributes, Content, Error, Host, Metadata};
use super::blocking::{Alive, blocking};
use super::locate::{Granted, Place, failed, stat};
use crate::guest::Guest;
use attributes::Resolved;
use bytes::Bytes;
use one_step::in_one_step;
use proto::Access;
use rustix::fs::AtFlags;
use wasmtime::Result;

/// What a guest gets: a value, or an error that it can handle.
type Answer<T> = Result<Result<T, Error>>;

/// Goes to a granted place and does something there.
async fn at<T: Send + 'static>(
    granted: Result<Granted, Error>,
    act: impl FnOnce(&Place, &Alive) -> Result<T, Error> + Send + 'static,
) -> Answer<T> {
    match granted {
        Ok(granted) => blocking(move |alive| act(&granted.locate()?, alive)).await,
        Err(error) => Ok(Err(error)),
    }
}

impl Host for Guest {
    async fn stat(&mut self, path: String) -> Answer<Option<Metadata>> {
        let found = at(self.granted(&path, Access::Read), |place, _| {
            Ok(stat(place)?.map(|stat| attributes::metadata(&stat)))
        });
        Ok(match found.await? {
            // Neither it nor the directory that it would be in.
            Err(Error::NotFound(_)) => Ok(None),
            found => found,
        })
    }

    async fn read(&mut self, path: String, limit: u64) -> Answer<Vec<u8>> {
        // The host's memory is not metered by the store: what it reads for a guest is bounded here.
        let limit = limit.min(self.limits.memory_bytes);
        at(self.granted(&path, Access::Read), move |place, alive| {
            content::read(place, limit, alive)
        })
        .await
    }

    async fn digest(&mut self, path: String) -> Answer<String> {
        at(self.granted(&path, Access::Read), content::digest).await
    }

    async fn entries(&mut self, path: String) -> Answer<Vec<String>> {
        let limit = self.limits.memory_bytes;
        at(self.granted(&path, Access::Read), move |place, alive| {
            directory::entries(place, limit, alive)
        })
        .await
    }

    async fn read_link(&mut self, path: String) -> Answer<String> {
        at(self.granted(&path, Access::Read), |place, _| {
            content::target(place)
        })
        .await
    }

    async fn replace(
        &mut self,
        path: String,
        content: Content,
        attributes: Attributes,
    ) -> Answer<()> {
        let granted = match self.granted(&path, Access::Write) {
            Ok(granted) => granted,
            Err(error) => return Ok(Err(error)),
        };
        let bytes = match content {
            Content::Bytes(bytes) => Bytes::from(bytes),
            Content::Source(digest) => match self.source(&digest).await {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Err(error)),
            },
        };
        at(Ok(granted), move |place, alive| {
            content::replace(place, &bytes, &Resolved::new(&attributes)?, alive)
        })
        .await
    }

    async fn make_directory(&mut self, path: String, attributes: Attributes) -> Answer<()> {
        match self.granted(&path, Access::Write) {
            Ok(granted) => blocking(move |_| directory::make(&granted, &attributes)).await,
            Err(error) => Ok(Err(error)),
        }
    }

    async fn make_symlink(&mut self, path: String, target: String) -> Answer<()> {
        at(self.granted(&path, Access::Write), move |place, _| {
            in_one_step(
                place,
                |temporary| rustix::fs::symlinkat(&target, &*place.directory, temporary),
                |()| Ok(()),
            )
        })
        .await
    }

    async fn make_hard_link(&mut self, path: String, target: String) -> Answer<()> {
        let target = match self.granted(&target, Access::Write) {
            Ok(target) => target,
            Err(error) => return Ok(Err(error)),
        };
        at(self.granted(&path, Access::Write), move |place, _| {
            let from = target.locate()?;
            in_one_step(
                place,
                |temporary| {
                    rustix::fs::linkat(
                        &*from.directory,
                        &from.name,
                        &*place.directory,
                        temporary,
                        AtFlags::empty(),
                    )
                },
                |()| Ok(()),
            )
        })
        .await
    }

    async fn set_attributes(&mut self, path: String, attributes: Attributes) -> Answer<()> {
        at(self.granted(&path, Access::Write), move |place, _| {
            attributes::set(place, &Resolved::new(&attributes)?)
        })
        .await
    }

    async fn get_xattr(&mut self, path: String, name: String) -> Answer<Option<Vec<u8>>> {
        at(self.granted(&path, Access::Read), move |place, _| {
            xattr::get(place, &name)
        })
        .await
    }

    async fn set_xattr(&mut self, path: String, name: String, value: Vec<u8>) -> Answer<()> {
        at(self.granted(&path, Access::Write), move |place, _| {
            xattr::set(place, &name, &value)
        })
        .await
    }

    async fn remove_xattr(&mut self, path: String, name: String) -> Answer<()> {
        at(self.granted(&path, Access::Write), move |place, _| {
            xattr::remove(place, &name)
        })
        .await
    }

    async fn list_xattrs(&mut self, path: String) -> Answer<Vec<String>> {
        at(self.granted(&path, Access::Read), |place, _| {
            xattr::list(place)
        })
        .await
    }

    async fn touch(&mut self, path: String) -> Answer<()> {
        at(self.granted(&path, Access::Write), |place, _| {
            attributes::touch(place)
        })
        .await
    }

    async fn remove(&mut self, path: String, recursive: bool) -> Answer<()> {
        at(self.granted(&path, Access::Write), move |place, alive| {
            if place.name == "." {
                return Err(Error::Denied(
                    "the root directory cannot be removed".to_owned(),
                ));
            }
            directory::remove(&place.directory, place.name.as_str(), recursive, alive)
                .map_err(|error| failed(&place.path, error))
        })
        .await
    }
}
