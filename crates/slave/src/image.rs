//! The slave's own image, for its children: what runs here runs there, if the machine is of the same kind.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use connect::{Format, ImageError, ImageId, ImageSource, Packed};
use std::fs::File;
use std::io::Read;

/// This process's executable. It can be read even if it has no name any more.
const EXECUTABLE: &str = "/proc/self/exe";

/// `uname -m` of the machines that it is for.
const MACHINE: &str = if cfg!(target_arch = "aarch64") {
    "aarch64"
} else {
    "x86_64"
};

/// This process's own image, under the digest by which the master knows it.
#[derive(Clone, Debug)]
pub(crate) struct OwnImage {
    pub(crate) known: Vec<ImageId>,
}

#[async_trait]
impl ImageSource for OwnImage {
    async fn image(&self, machine: &str, formats: &[Format]) -> Result<Packed, ImageError> {
        if machine != MACHINE {
            let why = format!("this context has the image for {MACHINE} only, not {machine}");
            return Err(why.into());
        }
        let known = self.known.iter().find(|known| known.machine == machine);
        let Some(known) = known else {
            return Err(
                format!("the master does not know this context's image for {machine}").into(),
            );
        };
        if !formats.contains(&Format::Raw) {
            return Err("the target takes no image that is not compressed".into());
        }
        let (known, format) = (known.clone(), Format::Raw);
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            File::open(EXECUTABLE)?
                // One byte more shows that it is another one.
                .take(known.size.saturating_add(1))
                .read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>((bytes, known))
        });
        let (bytes, known) = read.await??;
        if bytes.len() as u64 != known.size {
            return Err("this context runs another image than the master knows".into());
        }
        // The first stage checks it on arrival.
        Ok(Packed {
            format,
            bytes: bytes.into(),
            sha256: known.sha256,
        })
    }
}
