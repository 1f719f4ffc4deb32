//! A directory with an offer in it, and short ways to move a content.

use files::{Access, Digest, FileError, Metadata, Plan, Reader, Registry, Writer};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// `offered` is what others may use, `secret` beside it they may not.
pub struct Disk(tempfile::TempDir);

impl Disk {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let disk = Self(dir);
        std::fs::create_dir(disk.path("offered")).unwrap();
        std::fs::create_dir(disk.path("secret")).unwrap();
        std::fs::write(disk.path("secret/key"), "secret").unwrap();
        disk
    }

    pub fn path(&self, below: &str) -> PathBuf {
        // Links on the way to the temporary directory are none of the tests' business.
        self.0.path().canonicalize().unwrap().join(below)
    }

    /// Offers `offered` for both.
    pub fn offer(&self, mut registry: Registry) -> Registry {
        for access in [Access::Read, Access::Write] {
            registry.offer_prefix(self.path("offered"), access).unwrap();
        }
        registry
    }

    pub fn registry(&self) -> Registry {
        self.offer(Registry::new())
    }

    /// With each of the two ways to walk a path.
    pub fn registries(&self) -> [Registry; 2] {
        [self.registry(), self.offer(Registry::without_openat2())]
    }

    /// Where the temporary file of `offered/<target>` is.
    pub fn temporary(&self, target: &str) -> PathBuf {
        let digest = blake3::hash(target.as_bytes()).to_hex();
        self.path(&format!("offered/.zymogen-{}.part", &digest[..32]))
    }
}

pub fn digest(bytes: &[u8]) -> Digest {
    *blake3::hash(bytes).as_bytes()
}

/// All that a reader gives, and the digest that it gives at the end.
pub fn read_on(mut reader: Reader, max: usize) -> Result<(Vec<u8>, Digest), FileError> {
    let mut all = Vec::new();
    loop {
        let piece = reader.next(max)?;
        assert!(piece.len() <= max, "{} bytes of {max}", piece.len());
        if piece.is_empty() {
            return Ok((all, reader.digest().unwrap()));
        }
        assert_eq!(reader.digest(), None);
        all.extend_from_slice(&piece);
    }
}

pub fn read(registry: &Registry, path: &Path) -> Result<Vec<u8>, FileError> {
    let (bytes, found) = read_on(Reader::open(registry, path, 0)?, 1 << 16)?;
    assert_eq!(found, digest(&bytes));
    Ok(bytes)
}

pub fn plan(size: usize) -> Plan {
    Plan {
        size: size as u64,
        ..Plan::default()
    }
}

pub fn write(registry: &Registry, path: &Path, bytes: &[u8]) -> Result<Metadata, FileError> {
    write_as(registry, path, bytes, &plan(bytes.len()))
}

pub fn write_as(
    registry: &Registry,
    path: &Path,
    bytes: &[u8],
    plan: &Plan,
) -> Result<Metadata, FileError> {
    let mut writer = Writer::open(registry, path, plan)?;
    writer.write(&bytes[writer.offset() as usize..])?;
    writer.finish(digest(bytes))
}
