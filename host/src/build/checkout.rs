//! The source tree that this program was compiled from, and where cargo puts what it builds of it.

use super::BuildError;
use std::env;
use std::path::{Path, PathBuf};

/// A tree that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    /// The tree, if this program runs where it was compiled. `what` is for the error.
    pub(super) fn find(what: &str) -> Result<Self, BuildError> {
        // Of the package `host`: its parent is the workspace.
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().unwrap_or(package);
        if root.join("Cargo.toml").is_file() && root.join("crates/slave").is_dir() {
            Ok(Self::at(root))
        } else {
            Err(BuildError::NoCheckout {
                what: what.to_owned(),
                checkout: root.to_owned(),
            })
        }
    }

    pub(super) fn at(root: &Path) -> Self {
        // cargo takes the variable from its own directory, so where this program is tells more.
        let here = env::current_exe();
        let target = here.ok().as_deref().and_then(target_of);
        let target = target
            .or_else(|| Some(root.join(env::var_os("CARGO_TARGET_DIR")?)))
            .unwrap_or_else(|| root.join("target"));
        Self {
            root: root.to_owned(),
            target,
        }
    }

    /// The root of the workspace.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory for all that is built. cargo is told, so that it is there in any case.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }
}

/// The target directory that an executable was built into, which knows all options of the cargo that built
/// it: `TARGET/PROFILE/NAME`, with a triple in between if cross-compiled, `deps` if it is a test.
fn target_of(executable: &Path) -> Option<PathBuf> {
    let above = executable.ancestors().skip(2).take(3);
    above
        .filter(|directory| directory.join("CACHEDIR.TAG").is_file())
        .map(Path::to_owned)
        .next()
}
