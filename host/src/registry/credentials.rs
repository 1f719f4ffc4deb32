//! Credentials for registries, from where `docker login` keeps them: docker's config.json and its helpers.
//!
//! No error quotes what was read: it may hold a password.

use super::{Reference, RegistryError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Nobody has a longer one.
const MAX_CONFIG: u64 = 1 << 20;

/// What a helper may say, and how long it may take: it may have to ask somebody to unlock something.
const MAX_ANSWER: u64 = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(60);

/// Docker's own registry goes by this name wherever credentials are kept.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The user that stands before a token which is none for registries.
const TOKEN_USER: &str = "<token>";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    identitytoken: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// The credentials for a registry, if somebody logged in.
pub(super) async fn credentials(reference: &Reference) -> Result<RegistryAuth, RegistryError> {
    let found = match config_path() {
        Some(path) => find(&path, reference.host()).await,
        None => Ok(RegistryAuth::Anonymous),
    };
    found.map_err(|why| RegistryError::Credentials {
        host: reference.host().to_owned(),
        why,
    })
}

fn config_path() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let directory = variable("DOCKER_CONFIG").map(PathBuf::from);
    let directory = directory.or_else(|| Some(Path::new(&variable("HOME")?).join(".docker")))?;
    Some(directory.join("config.json"))
}

pub(super) async fn find(path: &Path, host: &str) -> Result<RegistryAuth, String> {
    let config = read(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let helper = config
        .cred_helpers
        .get(host)
        .or(config.creds_store.as_ref());
    if let Some(helper) = helper
        && let Some(answer) = ask(helper, host).await?
    {
        return basic(answer.username, answer.secret);
    }
    let entry = config.auths.into_iter().find(|(key, _)| is_for(key, host));
    match entry {
        Some((_, entry)) => entry.auth(),
        None => Ok(RegistryAuth::Anonymous),
    }
}

fn read(path: &Path) -> Result<Config, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(error) => return Err(error.to_string()),
    };
    let reader = io::BufReader::new(io::Read::take(file, MAX_CONFIG));
    serde_json::from_reader(reader).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it is not as docker writes it, see line {line}, column {column}")
    })
}

/// Is a key of the file this registry? Some of them have a scheme and a path.
fn is_for(key: &str, host: &str) -> bool {
    let name = key.split_once("://").map_or(key, |(_, rest)| rest);
    let name = name.split('/').next().unwrap_or(name);
    name == host || (host == "docker.io" && name == "index.docker.io")
}

impl Entry {
    fn auth(self) -> Result<RegistryAuth, String> {
        if !self.identitytoken.is_empty() {
            return Err(no_token());
        }
        if self.auth.is_empty() {
            return Ok(RegistryAuth::Anonymous);
        }
        let decoded = STANDARD.decode(self.auth.trim());
        let text = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = text.as_deref().and_then(|text| text.split_once(':'));
        let (user, password) = pair.ok_or("`auth` is not user and password in base64")?;
        // Docker has written zero bytes behind the password.
        basic(user.to_owned(), password.trim_end_matches('\0').to_owned())
    }
}

fn basic(user: String, password: String) -> Result<RegistryAuth, String> {
    match user.as_str() {
        TOKEN_USER => Err(no_token()),
        _ => Ok(RegistryAuth::Basic(user, password)),
    }
}

fn no_token() -> String {
    "they are an identity token, which is not understood here; log in with a password or an access token".to_owned()
}

/// Asks docker's program for a store of credentials. None: it has none for this registry.
async fn ask(helper: &str, host: &str) -> Result<Option<Answer>, String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !helper.chars().all(is_word) {
        return Err("its helper has no good name".to_owned());
    }
    let program = format!("docker-credential-{helper}");
    let server = match host {
        "docker.io" => DOCKER_HUB,
        host => host,
    };
    let asked = tokio::time::timeout(PATIENCE, run(&program, server)).await;
    let (success, output) = match asked {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => return Err(format!("{program}: {error}")),
        Err(_) => return Err(format!("{program} does not answer")),
    };
    if !success {
        // The one thing that all helpers say in the same words.
        let none = String::from_utf8_lossy(&output).contains("credentials not found");
        return match none {
            true => Ok(None),
            false => Err(format!("{program} failed")),
        };
    }
    let answer = serde_json::from_slice(&output);
    answer
        .map(Some)
        .map_err(|_| format!("what {program} answers cannot be read"))
}

async fn run(program: &str, server: &str) -> io::Result<(bool, Vec<u8>)> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read what it is asked may answer all the same.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_ANSWER).read_to_end(&mut output).await?;
    }
    Ok((child.wait().await?.success(), output))
}
