//! Artifacts on disk, between connections: one file each, private to the user, checked on every load.
//!
//! A file is the artifact as wasmtime serialised it, then a trailer of 40 bytes: BLAKE3 of all
//! before it (32), the kind of engine (1), zeros (3), the magic `ZYA1` (4).

use crate::supply::Artifact;
use proto::Digest;
use proto::message::{CompatibilityId, EngineKind};
use rustix::fs::{AtFlags, CWD, Mode};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::component::Component;

const TRAILER: usize = 40;
const MAGIC: [u8; 4] = *b"ZYA1";

/// Why an artifact cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its word.
        error: io::Error,
    },
    /// The directory is not ours alone.
    #[error("{0} must belong to the user who runs this and have mode 0700")]
    NotPrivate(PathBuf),
    /// The bytes are not those that were announced or stored.
    #[error("the artifact is corrupt: its digest is not the one that was announced")]
    Corrupt,
    /// wasmtime does not take it.
    #[error("the artifact does not fit this engine: {0}")]
    Incompatible(String),
}

/// A directory of artifacts.
#[derive(Clone, Debug)]
pub struct Artifacts {
    directory: PathBuf,
}

impl Artifacts {
    /// Uses a directory, which is made if it is missing.
    ///
    /// # Errors
    /// If it cannot be made, or others may write to it: what is in it becomes machine code.
    pub fn open(directory: &Path) -> Result<Self, ArtifactError> {
        let io = |error| ArtifactError::Io {
            path: directory.to_owned(),
            error,
        };
        if !directory.exists() {
            fs::create_dir_all(directory).map_err(io)?;
            fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(io)?;
        }
        let metadata = fs::symlink_metadata(directory).map_err(io)?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if !metadata.is_dir() || !ours || metadata.mode() & 0o077 != 0 {
            return Err(ArtifactError::NotPrivate(directory.to_owned()));
        }
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Where the artifact of a component is kept.
    #[must_use]
    pub fn path(&self, component: &Digest, compatibility: &CompatibilityId) -> PathBuf {
        self.directory
            .join(format!("{component}-{}.cwasm", compatibility.0))
    }

    /// The kind and digest of a stored artifact, if there is one and its bytes are what was stored.
    ///
    /// # Errors
    /// If there is one that cannot be read or is corrupt.
    pub fn check(&self, path: &Path) -> Result<Option<(EngineKind, Digest)>, ArtifactError> {
        let io = |error| ArtifactError::Io {
            path: path.to_owned(),
            error,
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let len = file.metadata().map_err(io)?.len();
        let body = len
            .checked_sub(TRAILER as u64)
            .ok_or(ArtifactError::Corrupt)?;
        let mut trailer = [0; TRAILER];
        file.seek(SeekFrom::Start(body)).map_err(io)?;
        file.read_exact(&mut trailer).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file.take(body)).map_err(io)?;
        let digest = Digest(*hasher.finalize().as_bytes());
        let kind = match trailer[32] {
            0 => EngineKind::Plain,
            1 => EngineKind::Concurrent,
            _ => return Err(ArtifactError::Corrupt),
        };
        if trailer[..32] == digest.0 && trailer[36..] == MAGIC {
            Ok(Some((kind, digest)))
        } else {
            Err(ArtifactError::Corrupt)
        }
    }

    /// The bytes of a stored artifact.
    ///
    /// # Errors
    /// If it cannot be read or is corrupt.
    pub fn read(&self, path: &Path) -> Result<Option<Artifact>, ArtifactError> {
        let Some((engine, digest)) = self.check(path)? else {
            return Ok(None);
        };
        let mut bytes = fs::read(path).map_err(|error| ArtifactError::Io {
            path: path.to_owned(),
            error,
        })?;
        bytes.truncate(bytes.len().saturating_sub(TRAILER));
        Ok(Some(Artifact {
            engine,
            bytes: bytes.into(),
            digest,
        }))
    }

    /// Stores an artifact in one step: a reader sees all of it or nothing.
    ///
    /// # Errors
    /// If the file system refuses; nothing is left behind then.
    pub fn store(&self, path: &Path, artifact: &Artifact) -> Result<(), ArtifactError> {
        static UNIQUE: AtomicU64 = AtomicU64::new(0);
        let unique = UNIQUE.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}.{unique}.tmp", std::process::id()));
        let mut trailer = [0; TRAILER];
        trailer[..32].copy_from_slice(&artifact.digest.0);
        trailer[32] = u8::from(artifact.engine == EngineKind::Concurrent);
        trailer[36..].copy_from_slice(&MAGIC);
        let write = || {
            let mut file = File::create_new(&temporary)?;
            file.write_all(&artifact.bytes)?;
            file.write_all(&trailer)?;
            drop(file);
            // Nobody may write to what will be mapped as machine code, not even its owner by accident.
            rustix::fs::chmodat(CWD, &temporary, Mode::from(0o400), AtFlags::empty())?;
            fs::rename(&temporary, path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&temporary);
            ArtifactError::Io {
                path: path.to_owned(),
                error,
            }
        })
    }

    /// Maps a stored artifact whose digest is checked right here.
    ///
    /// # Errors
    /// If it is corrupt, or wasmtime does not take it.
    pub fn map(
        &self,
        engine: impl FnOnce(EngineKind) -> wasmtime::Result<wasmtime::Engine>,
        path: &Path,
    ) -> Result<Option<(EngineKind, Component)>, ArtifactError> {
        let Some((kind, _)) = self.check(path)? else {
            return Ok(None);
        };
        let incompatible = |error: wasmtime::Error| ArtifactError::Incompatible(error.to_string());
        let engine = engine(kind).map_err(incompatible)?;
        // SAFETY: the bytes are what `wasmtime::Component::serialize` made on the master: they were
        // stored by `store` under the digest that was announced by it, that digest was checked
        // above, and the directory and the file can be written by nobody but this user.
        let component = unsafe { Component::deserialize_file(&engine, path) };
        Ok(Some((kind, component.map_err(incompatible)?)))
    }
}

impl Artifact {
    /// Takes an artifact from memory, whose digest is checked right here.
    ///
    /// # Errors
    /// If it is corrupt, or wasmtime does not take it.
    pub fn load(&self, engine: &wasmtime::Engine) -> Result<Component, ArtifactError> {
        self.verify()?;
        // SAFETY: the bytes came from the parent, which has authority over this process anyway, and
        // they are the ones that it announced: the digest was checked above.
        let component = unsafe { Component::deserialize(engine, &self.bytes) };
        component.map_err(|error| ArtifactError::Incompatible(error.to_string()))
    }

    /// Are these the bytes that were announced?
    ///
    /// # Errors
    /// [`ArtifactError::Corrupt`] if not.
    pub fn verify(&self) -> Result<(), ArtifactError> {
        if blake3::hash(&self.bytes) == blake3::Hash::from_bytes(self.digest.0) {
            Ok(())
        } else {
            Err(ArtifactError::Corrupt)
        }
    }
}
