//! The user's cache directory: private, shared by all runs, never needed.

use rustix::process::geteuid;
use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// What was not used for so long is removed.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// `$XDG_CACHE_HOME/zymogen`, else `$HOME/.cache/zymogen`: made if it is missing, with mode 0700, which the
/// first stage of a slave on this machine insists on, too. `None` if there is no home, it is
/// somebody else's, or the directory cannot be made or was open to others.
#[must_use]
pub fn user_cache() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let xdg = absolute("XDG_CACHE_HOME").filter(|root| is_ours(root));
    let root = xdg.or_else(|| {
        let home = absolute("HOME").filter(|home| is_ours(home))?;
        Some(home.join(".cache"))
    })?;
    let path = root.join("zymogen");
    private_directory(&path)
        .inspect_err(|error| tracing::debug!("no cache at {}: {error}", path.display()))
        .ok()?;
    Some(path)
}

fn is_ours(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.uid() == geteuid().as_raw())
}

/// Makes a directory and those above it, or makes sure that nobody else could write into it.
fn private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    let metadata = fs::symlink_metadata(path)?;
    let ours = metadata.is_dir() && metadata.uid() == geteuid().as_raw();
    if !ours || metadata.mode() & 0o022 != 0 {
        let why = "somebody else may have put files there";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A directory of small files that can be made again. Without one, nothing is kept, and all goes on.
#[derive(Clone, Debug)]
pub(crate) struct UserCache {
    directory: Option<PathBuf>,
}

impl UserCache {
    /// A directory below [`user_cache`].
    pub(crate) fn open(name: &str) -> Self {
        Self::at(user_cache().map(|cache| cache.join(name)))
    }

    pub(super) fn at(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The content of a file that was kept. The caller checks it: the machine may have lost its power.
    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.directory.as_ref()?.join(name);
        let content = fs::read(&path).ok()?;
        // It was of use: it lives on.
        let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(content)
    }

    /// Keeps a file. A reader sees all of it or nothing.
    pub(crate) fn put(&self, name: &str, content: &[u8]) {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let Some(directory) = &self.directory else {
            return;
        };
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let new = directory.join(format!(".new-{}-{count}", std::process::id()));
        let kept = private_directory(directory)
            .and_then(|()| write_new(&new, content))
            .and_then(|()| fs::rename(&new, directory.join(name)));
        if let Err(error) = kept {
            tracing::debug!("{name} is not kept: {error}");
            let _ = fs::remove_file(&new);
        }
        remove_old(directory);
    }
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    io::Write::write_all(&mut options.open(path)?, content)
}

/// Best effort: what cannot be removed stays.
fn remove_old(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.map(|modified| modified.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > MAX_AGE) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
