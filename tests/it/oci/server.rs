//! A registry of a test's own, and the program as somebody would run it who has never used it.

use crate::support::service::{Service, done, sh};
use crate::support::{Run, finished, zymogen};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Who may use a registry that asks.
pub const USER: &str = "ada";
pub const PASSWORD: &str = "hunter2:3";

/// A running registry. It ends with its test.
pub struct Registry {
    /// Its address and port.
    pub address: String,
    directory: TempDir,
    service: Option<Service>,
}

impl Registry {
    /// One that everybody may use.
    pub fn new() -> Self {
        Self::start(|_| String::new())
    }

    /// One that asks for a password.
    pub fn with_password() -> Self {
        let mut htpasswd = Command::new("htpasswd");
        htpasswd.args(["-nbB", USER, PASSWORD]);
        Self::start(|directory| {
            let users = directory.join("users");
            fs::write(&users, done(htpasswd)).unwrap();
            let users = users.display();
            format!("auth: {{htpasswd: {{realm: test, path: '{users}'}}}}\n")
        })
    }

    /// One whose configuration has more lines, those of `http` first, for which there may be files in its directory.
    pub fn start(more: impl FnOnce(&Path) -> String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let config = format!(
            "version: 0.1\nlog: {{accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: '{}'}}}}\n\
             http:\n  addr: '127.0.0.1:0'\n  secret: x\n{}",
            at("storage").display(),
            more(directory.path())
        );
        fs::write(at("config.yml"), config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(at("config.yml"));
        let log = at("log");
        let mut service = Service::start(command, &log);
        // It says which port it got.
        service.until(|_| address(&log).is_some());
        for name in ["cache", "docker"] {
            fs::create_dir(at(name)).unwrap();
        }
        Self {
            address: address(&log).unwrap(),
            directory,
            service: Some(service),
        }
    }

    /// Ends it. What it has stored is of no more use.
    pub fn stop(&mut self) {
        self.service = None;
    }

    /// What is called so in it.
    pub fn reference(&self, name: &str) -> String {
        format!("oci:{}/{name}", self.address)
    }

    /// Somewhere in the test's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The user's cache, which no other test has.
    pub fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// From now on nothing was ever pulled.
    pub fn forget(&self) {
        fs::remove_dir_all(self.cache().join("zymogen/registry")).unwrap();
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_in(self.directory.path(), arguments)
    }

    /// The same in another directory.
    pub fn run_in(&self, directory: &Path, arguments: &[&str]) -> Run {
        let mut command = self.program();
        command.current_dir(directory).args(arguments);
        finished(&command.output().unwrap())
    }

    /// The program, with a cache and docker's configuration of the test's own.
    pub fn program(&self) -> Command {
        let mut command = zymogen();
        command
            .env("XDG_CACHE_HOME", self.cache())
            .env("DOCKER_CONFIG", self.path("docker"))
            // Nobody is there, and nobody on this machine is asked through it.
            .env("http_proxy", "http://127.0.0.1:9");
        command
    }

    /// Writes docker's config.json.
    pub fn docker_config(&self, config: &str) {
        fs::write(self.path("docker/config.json"), config).unwrap();
    }

    /// The same, as `docker login` would for the test's user with a password.
    pub fn log_in(&self, password: &str) {
        let auth = base64(&format!("{USER}:{password}"));
        let address = &self.address;
        self.docker_config(&format!(
            r#"{{"auths": {{"{address}": {{"auth": "{auth}"}}}}}}"#
        ));
    }

    /// Where the registry keeps some content.
    pub fn blob(&self, content: &[u8]) -> PathBuf {
        let digest = sha256(content);
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.hex(hex)
    }

    fn hex(&self, hex: &str) -> PathBuf {
        let blobs = "storage/docker/registry/v2/blobs/sha256";
        self.path(&format!("{blobs}/{}/{hex}/data", &hex[..2]))
    }

    /// The bytes of a standard module.
    pub fn std_module(&self, name: &str) -> Vec<u8> {
        let to = format!("modules/{name}");
        self.run(&["push", name, &self.reference(&to)]).status(0);
        let (_, manifest) = self.get(&to, "latest");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let digest = manifest["layers"][0]["digest"].as_str().unwrap();
        fs::read(self.hex(digest.strip_prefix("sha256:").unwrap())).unwrap()
    }

    /// A manifest: status and body.
    pub fn get(&self, repository: &str, name: &str) -> (u16, String) {
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json\r\n";
        self.http(
            "GET",
            &format!("{repository}/manifests/{name}"),
            accept,
            b"",
        )
    }

    /// Stores something with the tag `1` that our own program would not.
    pub fn put_image(&self, repository: &str, layer: &str, content: &[u8]) {
        let describe = |media_type: &str, content: &[u8]| {
            let (digest, size) = (sha256(content), content.len());
            serde_json::json!({ "mediaType": media_type, "digest": digest, "size": size })
        };
        for content in [content, b"{}"] {
            // To open an upload and to fill it takes two requests; the registry wants the query of the first back.
            let (status, head) =
                self.http("POST", &format!("{repository}/blobs/uploads/"), "", b"");
            assert_eq!(status, 202, "{head}");
            let location = head
                .lines()
                .find_map(|line| line.strip_prefix("Location: "));
            let (_, path) = location.unwrap().split_once("/v2/").unwrap();
            let path = format!("{}&digest={}", path.trim(), sha256(content));
            let kind = "Content-Type: application/octet-stream\r\n";
            let (status, said) = self.http("PUT", &path, kind, content);
            assert_eq!(status, 201, "{said}");
        }
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": describe("application/vnd.test", b"{}"),
            "layers": [describe(layer, content)],
        });
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
        let path = format!("{repository}/manifests/1");
        let (status, said) = self.http("PUT", &path, kind, manifest.to_string().as_bytes());
        assert_eq!(status, 201, "{said}");
    }

    /// One request. Gives the status, and the body or, without one, the head of the answer.
    fn http(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        let head = format!(
            "{method} /v2/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let text = if body.is_empty() { head } else { body };
        (status, text.to_owned())
    }
}

/// Where it listens, once it says so.
fn address(log: &Path) -> Option<String> {
    let log = fs::read_to_string(log).unwrap_or_default();
    let (_, rest) = log.split_once("listening on ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')?;
    Some(rest[..end].to_owned())
}

/// By the machine's own tool.
pub fn base64(text: &str) -> String {
    sh(r#"printf %s "$1" | base64 -w0"#, &[text])
}

/// As registries write it, by the machine's own tool.
fn sha256(content: &[u8]) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(content).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    format!("sha256:{}", &text[..64])
}
