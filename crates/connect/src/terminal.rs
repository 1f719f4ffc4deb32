//! A terminal for a program that takes passwords from nothing else: `ssh`, `doas`.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::OwnedFd;
use tokio::process::Command;

/// The two ends of a terminal.
pub(crate) struct Terminal {
    /// Ours: what is written there was typed.
    pub(crate) ours: OwnedFd,
    theirs: OwnedFd,
}

impl Terminal {
    pub(crate) fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        // Linux before 4.13 knows its name only.
        let theirs = ioctl_tiocgptpeer(&ours, flags).or_else(|_| {
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            rustix::fs::open(ptsname(&ours, Vec::new())?, flags, Mode::empty())
        })?;
        // What we type is secret also to whoever forgets to say so.
        let mut modes = tcgetattr(&theirs)?;
        modes.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&theirs, OptionalActions::Now, &modes)?;
        Ok(Self { ours, theirs })
    }

    /// Makes it the terminal of a program, which leads a session, and so a process group, of its own. Gives our end, and
    /// the program's: as long as nobody has that open, the terminal is hung up, and programs open it to ask only.
    pub(crate) fn control(self, command: &mut Command) -> io::Result<(OwnedFd, OwnedFd)> {
        let Self { ours, theirs } = self;
        let kept = theirs.try_clone()?;
        let lead = move || {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(&theirs)?;
            Ok(())
        };
        #[expect(
            unsafe_code,
            reason = "nothing safe gives a child a controlling terminal"
        )]
        // SAFETY: the closure runs between fork and exec, where only what is async-signal-safe may be done. It makes
        // two system calls directly, through rustix's linux_raw backend, and turns their error numbers into
        // `io::Error`s without a source: it takes no lock and allocates nothing. The descriptor that it uses is its own.
        unsafe {
            command.pre_exec(lead);
        }
        Ok((ours, kept))
    }
}
