//! What OpenSSH's client says if something is wrong, and what to do then.

use crate::connect::Sign;
use connect::Phase;

/// The key of the host is not known.
pub(super) const UNKNOWN: &str = "the host's key is not known yet: connect once by hand and compare it, or write `{hop}?host-key=accept-new`";

/// The connection ended while it was in use.
pub(super) const BROKEN: &str = "the connection broke: try again; the other side's log may say why";

/// There is nothing to go by.
pub(super) const SILENT: &str = "ssh failed without a word, as its configuration may tell it to (LogLevel): `ssh -v` to the same place says more";

/// The command ended before it was the first stage.
pub(super) const NO_LOGIN: &str = "that user's login shell ended without running the command: look at it and at its start files there";

/// The first that fits counts: those that tell of an open connection stand before those that tell of none.
pub(super) const SIGNS: [Sign; 21] = [
    Sign {
        says: "client_loop:",
        phase: Phase::FirstStage,
        hint: BROKEN,
    },
    Sign {
        says: "Read from remote host",
        phase: Phase::FirstStage,
        hint: BROKEN,
    },
    Sign {
        says: "closed by remote host.",
        phase: Phase::FirstStage,
        hint: BROKEN,
    },
    Sign {
        says: "Could not resolve hostname",
        phase: Phase::Resolve,
        hint: "check the name; ssh's configuration can give it an address (HostName)",
    },
    Sign {
        says: "kex_exchange_identification",
        phase: Phase::Resolve,
        hint: "what answers there is no sshd, or one that has too many new connections (MaxStartups)",
    },
    Sign {
        says: "Connection refused",
        phase: Phase::Resolve,
        hint: "no sshd listens there: check the address and the port",
    },
    Sign {
        says: "No route to host",
        phase: Phase::Resolve,
        hint: "check the address, and the network between here and there",
    },
    Sign {
        says: "Network is unreachable",
        phase: Phase::Resolve,
        hint: "check the address, and the network between here and there",
    },
    Sign {
        says: "Connection timed out",
        phase: Phase::Resolve,
        hint: "nothing answers at that address: the machine is down, or a firewall drops the way there",
    },
    Sign {
        says: "HOST IDENTIFICATION HAS CHANGED",
        phase: Phase::Authenticate,
        hint: "the machine was installed anew, or another one answers in its place: compare the keys, then remove the old one with `ssh-keygen -R`",
    },
    Sign {
        says: "Host key verification failed",
        phase: Phase::Authenticate,
        hint: UNKNOWN,
    },
    Sign {
        says: "Too many authentication failures",
        phase: Phase::Authenticate,
        hint: "the agent offers too many keys: name the right one, `{hop}?identity=PATH`",
    },
    Sign {
        says: "UNPROTECTED PRIVATE KEY FILE",
        phase: Phase::Authenticate,
        hint: "others may read the private key: chmod 600",
    },
    Sign {
        says: "Permission denied",
        phase: Phase::Authenticate,
        hint: "the user, or the key or password, is not accepted: `{hop}?identity=PATH` or `...password=ask`; `ssh -v` shows what was tried",
    },
    Sign {
        says: "Bad configuration option",
        phase: Phase::Spawn,
        hint: "mend ssh's configuration",
    },
    Sign {
        says: "Can't open user config file",
        phase: Phase::Spawn,
        hint: "mend ssh's configuration: the file that `config` names cannot be read",
    },
    Sign {
        says: "unix_listener: cannot bind",
        phase: Phase::Spawn,
        hint: "connections are shared by a socket in a directory that is the user's alone: make `~/.ssh` where this hop starts, with mode 0700",
    },
    Sign {
        says: "Bad owner or permissions",
        phase: Phase::Spawn,
        hint: "mend the owner or the mode of ssh's configuration",
    },
    Sign {
        says: "Connection reset by",
        phase: Phase::Resolve,
        hint: "the other side ended the connection: its log may say why",
    },
    Sign {
        says: "Connection closed by",
        phase: Phase::Resolve,
        hint: "the other side ended the connection: its log may say why",
    },
    Sign {
        says: "ssh_dispatch_run_fatal",
        phase: Phase::Resolve,
        hint: "the connection broke before anybody could log in: try again",
    },
];
