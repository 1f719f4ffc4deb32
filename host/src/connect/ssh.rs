//! `ssh:[USER@]HOST[:PORT]`: another machine, by the user's own OpenSSH client.
//!
//! Its configuration, agent, certificates, `ProxyJump` and `ControlMaster` work as they do by hand: only what would break the
//! stream is overridden. Without a credential ssh is told not to ask anything (`BatchMode`). With one it gets a terminal to ask
//! at, whose questions cannot be confused with what the machine prints.

mod prompts;
mod signs;

use super::{Advice, Argument, Credential, Failure, Hop, Questions, Reply, Sign};
use connect::{Boot, FailureKind, Phase, Stdio};
use signs::{BROKEN, NO_LOGIN, SIGNS, SILENT, UNKNOWN};
use std::str::FromStr;

/// What ssh does about a host key that it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HostKey {
    Enforce,
    AcceptNew,
    Ignore,
}

impl FromStr for HostKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "accept-new" => Ok(Self::AcceptNew),
            "ignore" => Ok(Self::Ignore),
            _ => Err(()),
        }
    }
}

/// | option | what |
/// |---|---|
/// | `identity` | a private key; no other one is tried |
/// | `password`, `passphrase` | where the user's, the key's comes from |
/// | `host-key` | `enforce`, `accept-new` or `ignore`; without it ssh's configuration decides, and nobody is asked |
/// | `jump` | as ssh's -J |
/// | `config` | as ssh's -F |
/// | `keepalive` | seconds after which ssh asks a silent server for a sign of life; three times, then it ends |
/// | `multiplex` | `yes`: connections share one, which stays for a minute, so that the next one is quick |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ssh {
    user: Option<String>,
    host: String,
    port: Option<u16>,
    identity: Option<String>,
    password: Option<Credential>,
    passphrase: Option<Credential>,
    host_key: Option<HostKey>,
    jump: Option<String>,
    config: Option<String>,
    keepalive: Option<u32>,
    multiplex: bool,
}

impl Ssh {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let known = [
            "identity",
            "password",
            "passphrase",
            "host-key",
            "jump",
            "config",
            "keepalive",
            "multiplex",
        ];
        let argument = Argument::parse(text, &known)?;
        let (user, address) = argument.user_and("a host")?;
        let (host, port) = split_port(&address)?;
        let owned = |name| argument.option(name).map(str::to_owned);
        if argument.option("jump").is_some() && argument.option("password").is_some() {
            // ssh starts another ssh for it, which asks at the same terminal.
            return Err(
                "the jump host would be told this password, too: make it a hop of its own, `ssh:JUMP,ssh:HOST?password=...`"
                    .to_owned(),
            );
        }
        Ok(Self {
            user,
            host,
            port,
            identity: owned("identity"),
            password: argument.credential("password")?,
            passphrase: argument.credential("passphrase")?,
            host_key: argument.read("host-key", "enforce, accept-new or ignore")?,
            jump: owned("jump"),
            config: owned("config"),
            keepalive: argument.read("keepalive", "a number of seconds")?,
            multiplex: argument.flag("multiplex")?,
        })
    }

    fn asks(&self) -> bool {
        self.password.is_some() || self.passphrase.is_some()
    }

    fn settings(&self) -> Vec<String> {
        let mut set = vec![
            // They would run something else, or take ports that another connection has.
            "RemoteCommand=none".to_owned(),
            "ClearAllForwardings=yes".to_owned(),
            // Where the configuration makes this connection the master of others, they would end with it.
            "ControlPersist=60".to_owned(),
        ];
        if self.asks() {
            set.extend(["BatchMode=no", "NumberOfPasswordPrompts=1"].map(str::to_owned));
        } else {
            set.push("BatchMode=yes".to_owned());
        }
        if self.asks() && self.password.is_none() {
            // The server words those questions, perhaps like the one for the key's passphrase.
            set.push("KbdInteractiveAuthentication=no".to_owned());
        }
        let of_key: &[&str] = match self.host_key {
            None => &[],
            Some(HostKey::Enforce) => &["StrictHostKeyChecking=yes"],
            Some(HostKey::AcceptNew) => &["StrictHostKeyChecking=accept-new"],
            Some(HostKey::Ignore) => &[
                "StrictHostKeyChecking=no",
                "UserKnownHostsFile=/dev/null",
                "GlobalKnownHostsFile=/dev/null",
            ],
        };
        set.extend(of_key.iter().map(|&of_key| of_key.to_owned()));
        if self.identity.is_some() {
            set.push("IdentitiesOnly=yes".to_owned());
        }
        if let Some(seconds) = self.keepalive {
            set.push(format!("ServerAliveInterval={seconds}"));
        }
        if self.multiplex {
            let shared = ["ControlMaster=auto", "ControlPath=~/.ssh/zymogen-%C"];
            set.extend(shared.map(str::to_owned));
        }
        set
    }
}

impl Hop for Ssh {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        // No terminal there, whatever the configuration says: it would change the bytes.
        let mut argv = vec!["ssh".to_owned(), "-T".to_owned()];
        for setting in self.settings() {
            argv.extend(["-o".to_owned(), setting]);
        }
        let port = self.port.map(|port| port.to_string());
        let options = [
            ("-F", &self.config),
            ("-J", &self.jump),
            ("-i", &self.identity),
            ("-p", &port),
            ("-l", &self.user),
        ];
        for (option, value) in options {
            if let Some(value) = value {
                argv.extend([option.to_owned(), value.clone()]);
            }
        }
        argv.extend(["--".to_owned(), self.host.clone(), boot.command_line()]);
        argv
    }

    fn stdio(&self) -> Stdio {
        match self.asks() {
            true => Stdio::Terminal,
            false => Stdio::Pipe,
        }
    }

    fn questions(&self) -> Option<Questions<'_>> {
        if !self.asks() {
            return None;
        }
        let passphrase = self.passphrase.iter().map(|credential| Reply {
            what: "passphrase",
            to: prompts::passphrase(),
            credential,
        });
        let password = self.password.iter().map(|credential| Reply {
            what: "password",
            to: prompts::password(self.user.as_deref()),
            credential,
        });
        Some(Questions {
            prompt: None,
            of_root: true,
            answers: passphrase.chain(password).collect(),
        })
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }

    fn advise(&self, failure: &Failure<'_>) -> Option<Advice> {
        let (phase, hint) = match (failure.kind, failure.phase) {
            (FailureKind::Asked(question), _) if question.contains("continue connecting") => {
                let hint = UNKNOWN.to_owned();
                (Phase::Authenticate, hint)
            }
            (FailureKind::Ended(Some(126 | 127)), _) => return None,
            // Ssh's own failures are 255. Any other status is that of the login shell.
            (FailureKind::Ended(Some(255)), phase @ (Phase::Image | Phase::Hello)) => {
                (phase, BROKEN.to_owned())
            }
            (FailureKind::Ended(Some(255)), phase) if failure.said.is_empty() => {
                (phase, SILENT.to_owned())
            }
            (FailureKind::Ended(Some(0..255)), phase @ Phase::FirstStage) => {
                (phase, NO_LOGIN.to_owned())
            }
            _ => return None,
        };
        Some(Advice { phase, hint })
    }
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`, or an address of version 6 without a port.
fn split_port(address: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || format!("`{address}` is no host: write HOST, HOST:PORT or [ADDRESS]:PORT");
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':').ok_or_else(wrong)?)),
            }
        }
        None => match address.split_once(':') {
            Some((_, port)) if port.contains(':') => (address, None),
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
    if host.is_empty() || host.starts_with('-') || port == Some(0) {
        return Err(wrong());
    }
    Ok((host.to_owned(), port))
}
