//! Who this process is: its title, its file, its home directory on this machine.

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the first stage says to the slave.
pub(crate) struct Arguments {
    /// Leave no file: remove the image.
    pub(crate) unlink: bool,
    /// Whom it serves, as `user@host:pid`.
    title: String,
}

impl Arguments {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self {
            unlink: false,
            title: String::new(),
        };
        for argument in arguments {
            match argument.as_str() {
                "--unlink" => parsed.unlink = true,
                other if other.starts_with('-') => {
                    return Err(format!(
                        "unknown option `{other}`; zymogen starts this program itself"
                    ));
                }
                other => parsed.title = other.to_owned(),
            }
        }
        Ok(parsed)
    }
}

/// Starts the process anew under a name that tells an administrator what it is and whom it serves:
/// `zymogen-slave: user@host:pid`. A static binary starts in less than a millisecond.
pub(crate) fn take_title(arguments: &Arguments) {
    // The second start names nobody: a program that an emulator runs may have got its own path for a name again.
    if arguments.title.is_empty() {
        return;
    }
    let title = format!("zymogen-slave: {}", arguments.title);
    let Ok(image) = std::env::current_exe() else {
        return;
    };
    let mut command = Command::new(image);
    command.arg0(title);
    if arguments.unlink {
        command.arg("--unlink");
    }
    // Returns only if it failed, and then this process goes on as it is.
    let _ = command.exec();
}

/// Makes the system end this process when its parent ends, even if it is stopped then: if its parent is the very
/// process that it serves. Where somebody else is in between, the end of the streams has to do. For the system means by
/// the parent the thread that started us, and only of our own programs do we know that this one stays (`connect` sees to
/// it); and a shim of sudo or of a container's runtime may leave us to init on purpose, and end.
///
/// To be called after the process has taken its title: the title names whom it serves. It holds for the thread that
/// calls this, the first one.
pub(crate) fn die_with_parent() {
    let Some(served) = served() else {
        return;
    };
    if getppid() != Some(served) {
        return;
    }
    // Where the system refuses, the end of the streams has to do.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    if getppid() != Some(served) {
        // It was gone before the system knew.
        std::process::exit(1);
    }
}

/// Undoes [`die_with_parent`], for a context that leaves the tree. To be called on the same thread, the first one.
pub(crate) fn outlive_parent() {
    // It cannot fail where it could be set.
    let _ = set_parent_process_death_signal(None);
}

/// The process that this one serves, as its title says: `zymogen-slave: user@host:pid`.
fn served() -> Option<Pid> {
    let title = std::env::args_os().next()?;
    let title = title.to_string_lossy();
    let (_, pid) = title.rsplit_once(':')?;
    Pid::from_raw(pid.trim().parse().ok()?)
}

/// Where the slave keeps artifacts.
pub(crate) struct Home {
    /// Beside the image, in the private directory that the first stage found. None: nothing is kept.
    pub(crate) artifacts: Option<PathBuf>,
}

impl Home {
    pub(crate) fn find(arguments: &Arguments) -> Self {
        let image = std::env::current_exe().ok();
        if arguments.unlink {
            if let Some(image) = image {
                // The process runs on; the file system is as it was before it came.
                let _ = fs::remove_file(&image);
                let _ = image.parent().map(fs::remove_dir);
            }
            return Self { artifacts: None };
        }
        let directory = image.as_deref().and_then(Path::parent);
        Self {
            artifacts: directory.map(|directory| directory.join("artifacts")),
        }
    }
}
