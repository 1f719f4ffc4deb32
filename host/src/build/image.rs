//! Slave images: found or built, named by their digest, packed once for the way to other machines.

use super::cargo::Build;
use super::checkout::Checkout;
use super::digest::sha256_hex;
use super::{BuildError, Place, Progress, Sources, UserCache};
use async_trait::async_trait;
use bytes::Bytes;
use connect::{Format, ImageError, ImageId, ImageSource, Packed};
use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// For which machines there are slaves, and the target that each is built for.
const TARGETS: [(&str, &str); 2] = [
    ("x86_64", "x86_64-unknown-linux-musl"),
    ("aarch64", "aarch64-unknown-linux-musl"),
];

/// A slave compresses with zstd's fastest method alone: the others are a twentieth of its image. What it would choose
/// from to decompress, by processor and by content, is another hundredth, and a sixth faster.
const C_FLAGS: &str = "-DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -DDYNAMIC_BMI2=0 \
    -DZSTD_EXCLUDE_DFAST_BLOCK_COMPRESSOR -DZSTD_EXCLUDE_GREEDY_BLOCK_COMPRESSOR \
    -DZSTD_EXCLUDE_LAZY_BLOCK_COMPRESSOR -DZSTD_EXCLUDE_LAZY2_BLOCK_COMPRESSOR \
    -DZSTD_EXCLUDE_BTLAZY2_BLOCK_COMPRESSOR -DZSTD_EXCLUDE_BTOPT_BLOCK_COMPRESSOR \
    -DZSTD_EXCLUDE_BTULTRA_BLOCK_COMPRESSOR";

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
    place: Place,
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
            content: None,
        }
    }

    fn pack(&self, format: Format) -> Result<Bytes, BuildError> {
        match (format, &self.place) {
            (Format::Raw, _) => return self.raw().map(Bytes::from),
            (Format::Zstd, Place::Carried(carried)) => {
                return carried.bundle.packed(&carried.entry).map(Bytes::from);
            }
            _ => {}
        }
        let name = format!("{}.{}", self.sha256, format.word());
        // A damaged file would be refused by the target again and again.
        if let Some(kept) = self.cache.get(&name)
            && unpack(format, &kept).is_some_and(|raw| sha256_hex(&raw) == self.sha256)
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
        let raw = self.place.read()?;
        if sha256_hex(&raw) == self.sha256 {
            Ok(raw)
        } else {
            Err(BuildError::Changed(self.place.path()))
        }
    }

    fn io(&self, error: std::io::Error) -> BuildError {
        BuildError::Io {
            path: self.place.path(),
            error,
        }
    }
}

pub(super) fn pack(format: Format, raw: &[u8]) -> std::io::Result<Vec<u8>> {
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

/// All slave images that this program can get hold of. Clones are the same.
#[derive(Clone)]
pub struct Images {
    shared: Arc<Shared>,
}

struct Shared {
    sources: Sources,
    cache: UserCache,
    progress: Arc<dyn Progress>,
    known: Mutex<BTreeMap<&'static str, Arc<Slot>>>,
}

/// Filled once, by whoever comes first; others who want the same wait for it, and for nothing else. What failed stays
/// so: cargo would fail again for each host.
type Slot = OnceLock<Result<Arc<Image>, Arc<BuildError>>>;

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
                known: Mutex::default(),
            }),
        }
    }

    /// The image for a kind of machine, as `uname -m` calls it. Blocks, perhaps for minutes if cargo must
    /// build it; the second call is immediate.
    ///
    /// # Errors
    /// If it is neither there nor can be built.
    pub fn for_machine(&self, machine: &str) -> Result<Arc<Image>, BuildError> {
        let (machine, target) = target(machine)?;
        let slot = {
            let known = self.shared.known.lock();
            let mut known = known.unwrap_or_else(PoisonError::into_inner);
            known.entry(machine).or_default().clone()
        };
        let prepare = || self.prepare(machine, target);
        slot.get_or_init(|| prepare().map(Arc::new).map_err(Arc::new))
            .clone()
            .map_err(BuildError::Shared)
    }

    /// The image for this machine and all others at hand: a target that has one of them in its cache can start it
    /// at once. Blocks like [`for_machine`](Self::for_machine).
    ///
    /// # Errors
    /// If there is no image for this machine.
    pub fn offer(&self) -> Result<Vec<ImageId>, BuildError> {
        let mut ids = vec![self.for_machine(ARCH)?.id()];
        for machine in machines().filter(|machine| *machine != ARCH) {
            if self.is_built(machine) || self.shared.sources.find(&file_name(machine))?.is_some() {
                ids.push(self.for_machine(machine)?.id());
            }
        }
        ids.sort_by(|a, b| a.machine.cmp(&b.machine));
        Ok(ids)
    }

    fn is_built(&self, machine: &str) -> bool {
        let known = self.shared.known.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known
            .get(machine)
            .and_then(|slot| slot.get())
            .is_some_and(Result::is_ok)
    }

    fn prepare(&self, machine: &str, target: &str) -> Result<Image, BuildError> {
        let place = match self.shared.sources.find(&file_name(machine))? {
            Some(place) => place,
            None => {
                let what = format!("the slave for {machine}");
                let built = self.build(what, &format!("slave-{machine}"), &[target])?;
                Place::File(built.into_iter().collect())
            }
        };
        let (size, sha256) = match &place {
            Place::Carried(carried) => (carried.entry.size, carried.entry.sha256.clone()),
            Place::File(path) => self.digest(path).map_err(|error| BuildError::Io {
                path: path.clone(),
                error,
            })?,
        };
        Ok(Image {
            machine: machine.to_owned(),
            target: target.to_owned(),
            sha256,
            size,
            place,
            cache: self.shared.cache.clone(),
            progress: self.shared.progress.clone(),
            packed: Mutex::default(),
        })
    }

    /// Builds at once what must be built, if all will be asked for.
    ///
    /// # Errors
    /// If cargo fails.
    pub(super) fn build_all(&self) -> Result<(), BuildError> {
        let mut missing = Vec::new();
        for (machine, target) in TARGETS {
            if self.shared.sources.find(&file_name(machine))?.is_none() {
                missing.push(target);
            }
        }
        if missing.len() > 1 {
            self.build("the slaves for all machines".to_owned(), "slaves", &missing)?;
        }
        Ok(())
    }

    /// Features unify over all packages of one invocation of cargo, so the slave gets its own.
    fn build(
        &self,
        what: String,
        name: &str,
        targets: &[&str],
    ) -> Result<Vec<PathBuf>, BuildError> {
        let checkout = Checkout::find(&what)?;
        let build = Build {
            what,
            name,
            packages: vec!["slave".to_owned()],
            profile: "slave",
            targets,
            inputs: &INPUTS,
            c_flags: C_FLAGS,
            outputs: vec!["slave".to_owned()],
        };
        build.run(&checkout, &*self.shared.progress)
    }

    /// Length and digest of a file, remembered as long as the file looks the same.
    fn digest(&self, path: &Path) -> std::io::Result<(u64, String)> {
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
            return Ok((metadata.size(), kept));
        }
        let content = fs::read(path)?;
        let digest = sha256_hex(&content);
        self.shared.cache.put(&name, digest.as_bytes());
        Ok((content.len() as u64, digest))
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

/// The kinds of machines that there are slaves for.
pub(super) fn machines() -> impl Iterator<Item = &'static str> {
    TARGETS.into_iter().map(|(machine, _)| machine)
}

/// A kind of machine, and what programs for it are built for.
pub(super) fn target(machine: &str) -> Result<(&'static str, &'static str), BuildError> {
    let mut targets = TARGETS.into_iter();
    let target = targets.find(|(known, _)| *known == machine);
    target.ok_or_else(|| BuildError::Machine {
        machine: machine.to_owned(),
        known: TARGETS.map(|(machine, _)| machine).join(", "),
    })
}

/// The name of an image in the override directory.
pub(super) fn file_name(machine: &str) -> String {
    format!("zymogen-slave-{machine}")
}
