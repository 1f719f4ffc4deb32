//! Slave images: found or built, named by their digest, packed once for the way to other machines.

use super::cargo::Build;
use super::checkout::Checkout;
use super::{BuildError, Progress, Sources, UserCache};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{Format, ImageError, ImageId, ImageSource, Packed};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// For which machines there are slaves, and the target that each is built for.
const TARGETS: [(&str, &str); 2] = [
    ("x86_64", "x86_64-unknown-linux-musl"),
    ("aarch64", "aarch64-unknown-linux-musl"),
];

/// What a slave is built of.
const INPUTS: [&str; 2] = ["crates", "wit"];

/// Packed once and sent often, so size is all that counts.
const ZSTD_LEVEL: i32 = 19;

/// The slave for one kind of machine.
pub struct Image {
    /// `uname -m` of the machines that it runs on.
    pub machine: String,
    /// The target that it was built for.
    pub target: String,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length, in bytes.
    pub size: u64,
    /// Where it is.
    pub path: PathBuf,
    cache: UserCache,
    progress: Arc<dyn Progress>,
    packed: Mutex<BTreeMap<Format, Bytes>>,
}

impl Image {
    /// Its bytes in some form. The first time for each form it takes seconds, unless the user's cache has it.
    ///
    /// # Errors
    /// If the file cannot be read or is not the same any more.
    pub fn packed(&self, format: Format) -> Result<Bytes, BuildError> {
        // Whoever else wants it waits for the one that packs.
        let mut packed = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = packed.get(&format) {
            return Ok(bytes.clone());
        }
        let bytes = self.pack(format)?;
        packed.insert(format, bytes.clone());
        Ok(bytes)
    }

    /// How the first stage knows it.
    #[must_use]
    pub fn id(&self) -> ImageId {
        ImageId {
            machine: self.machine.clone(),
            sha256: self.sha256.clone(),
            size: self.size,
        }
    }

    fn pack(&self, format: Format) -> Result<Bytes, BuildError> {
        if format == Format::Raw {
            return self.raw().map(Bytes::from);
        }
        let name = format!("{}.{}", self.sha256, format.word());
        // A damaged file would be refused by the target again and again.
        if let Some(kept) = self.cache.get(&name)
            && unpack(format, &kept).is_some_and(|raw| hex(&Sha256::digest(&raw)) == self.sha256)
        {
            return Ok(kept.into());
        }
        let raw = self.raw()?;
        let text = format!("packing the slave for {} (once)", self.machine);
        self.progress.step(&text);
        let bytes = pack(format, &raw);
        self.progress.done();
        let bytes = bytes.map_err(|error| self.io(error))?;
        self.cache.put(&name, &bytes);
        Ok(bytes.into())
    }

    fn raw(&self) -> Result<Vec<u8>, BuildError> {
        let raw = fs::read(&self.path).map_err(|error| self.io(error))?;
        if hex(&Sha256::digest(&raw)) == self.sha256 {
            Ok(raw)
        } else {
            Err(BuildError::Changed(self.path.clone()))
        }
    }

    fn io(&self, error: std::io::Error) -> BuildError {
        BuildError::Io {
            path: self.path.clone(),
            error,
        }
    }
}

fn pack(format: Format, raw: &[u8]) -> std::io::Result<Vec<u8>> {
    match format {
        Format::Raw => Ok(raw.to_vec()),
        Format::Zstd => zstd::bulk::compress(raw, ZSTD_LEVEL),
        Format::Gzip => {
            let best = flate2::Compression::best();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), best);
            encoder.write_all(raw)?;
            encoder.finish()
        }
    }
}

fn unpack(format: Format, packed: &[u8]) -> Option<Vec<u8>> {
    match format {
        Format::Raw => Some(packed.to_vec()),
        Format::Zstd => {
            let length = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
            zstd::bulk::decompress(packed, usize::try_from(length).ok()?).ok()
        }
        Format::Gzip => {
            let mut raw = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(packed);
            decoder.read_to_end(&mut raw).ok()?;
            Some(raw)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// All slave images that this program can get hold of. Clones are the same.
#[derive(Clone)]
pub struct Images {
    shared: Arc<Shared>,
}

struct Shared {
    sources: Sources,
    cache: UserCache,
    progress: Arc<dyn Progress>,
    ready: Mutex<BTreeMap<String, Arc<Image>>>,
}

impl Images {
    /// Looks for nothing yet.
    #[must_use]
    pub fn new(sources: Sources, progress: Arc<dyn Progress>) -> Self {
        Self::with_cache(sources, progress, UserCache::open("images"))
    }

    pub(super) fn with_cache(
        sources: Sources,
        progress: Arc<dyn Progress>,
        cache: UserCache,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                sources,
                cache,
                progress,
                ready: Mutex::default(),
            }),
        }
    }

    /// The image for a kind of machine, as `uname -m` calls it. Blocks, perhaps for minutes if cargo must
    /// build it; the second call is immediate.
    ///
    /// # Errors
    /// If it is neither there nor can be built.
    pub fn for_machine(&self, machine: &str) -> Result<Arc<Image>, BuildError> {
        let mut ready = self.lock();
        if let Some(image) = ready.get(machine) {
            return Ok(image.clone());
        }
        let image = Arc::new(self.prepare(machine)?);
        ready.insert(machine.to_owned(), image.clone());
        Ok(image)
    }

    /// The image for this machine and all others at hand: a target that has one of them in its cache can start it
    /// at once. Blocks like [`for_machine`](Self::for_machine).
    ///
    /// # Errors
    /// If there is no image for this machine.
    pub fn offer(&self) -> Result<Vec<ImageId>, BuildError> {
        self.for_machine(std::env::consts::ARCH)?;
        for (machine, _) in TARGETS {
            if self.shared.sources.find(&file_name(machine))?.is_some() {
                self.for_machine(machine)?;
            }
        }
        let ready = self.lock();
        let mut ids: Vec<_> = ready.values().map(|image| image.id()).collect();
        ids.sort_by(|a, b| a.machine.cmp(&b.machine));
        Ok(ids)
    }

    fn prepare(&self, machine: &str) -> Result<Image, BuildError> {
        let Some((_, target)) = TARGETS.iter().find(|(known, _)| *known == machine) else {
            return Err(BuildError::Machine {
                machine: machine.to_owned(),
                known: TARGETS.map(|(machine, _)| machine).join(", "),
            });
        };
        let path = match self.shared.sources.find(&file_name(machine))? {
            Some(path) => path,
            None => self.build(machine, target)?,
        };
        let io = |error| BuildError::Io {
            path: path.clone(),
            error,
        };
        let size = fs::metadata(&path).map_err(io)?.size();
        let sha256 = self.digest(&path).map_err(io)?;
        Ok(Image {
            machine: machine.to_owned(),
            target: (*target).to_owned(),
            sha256,
            size,
            path,
            cache: self.shared.cache.clone(),
            progress: self.shared.progress.clone(),
            packed: Mutex::default(),
        })
    }

    /// Features unify over all packages of one invocation of cargo, so the slave gets its own.
    fn build(&self, machine: &str, target: &str) -> Result<PathBuf, BuildError> {
        let what = format!("the slave for {machine}");
        let checkout = Checkout::find(&what)?;
        let build = Build {
            what,
            name: &format!("slave-{machine}"),
            packages: vec!["slave".to_owned()],
            profile: "slave",
            target,
            inputs: &INPUTS,
            outputs: vec!["slave".to_owned()],
        };
        let outputs = build.run(&checkout, &*self.shared.progress)?;
        Ok(outputs.into_iter().collect())
    }

    /// The digest of a file, remembered as long as the file looks the same.
    fn digest(&self, path: &Path) -> std::io::Result<String> {
        let metadata = fs::metadata(path)?;
        let mut key = blake3::Hasher::new();
        key.update(path.as_os_str().as_encoded_bytes());
        let numbers = [
            metadata.ino(),
            metadata.size(),
            metadata.mtime().cast_unsigned(),
            metadata.mtime_nsec().cast_unsigned(),
            metadata.ctime().cast_unsigned(),
            metadata.ctime_nsec().cast_unsigned(),
        ];
        for number in numbers {
            key.update(&number.to_le_bytes());
        }
        let name = format!("{}.sha256", key.finalize());
        let kept = self.shared.cache.get(&name);
        if let Some(kept) = kept.and_then(|kept| String::from_utf8(kept).ok())
            && kept.len() == 64
        {
            return Ok(kept);
        }
        let digest = hex(&Sha256::digest(fs::read(path)?));
        self.shared.cache.put(&name, digest.as_bytes());
        Ok(digest)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Image>>> {
        self.shared
            .ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ImageSource for Images {
    async fn image(&self, machine: &str, formats: &[Format]) -> Result<Packed, ImageError> {
        let format = *formats.first().ok_or(BuildError::Format)?;
        let (images, machine) = (self.clone(), machine.to_owned());
        let work = move || {
            let image = images.for_machine(&machine)?;
            Ok(Packed {
                format,
                bytes: image.packed(format)?,
                sha256: image.sha256.clone(),
            })
        };
        let packed: Result<_, BuildError> = tokio::task::spawn_blocking(work).await?;
        Ok(packed?)
    }
}

/// The name of an image in the override directory.
fn file_name(machine: &str) -> String {
    format!("zymogen-slave-{machine}")
}
