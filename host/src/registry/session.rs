//! A conversation with the registry of one reference: who we are, and how long and how much we listen.
//!
//! The protocol of logging in and of pushing is `oci-client`'s. What is pulled is read here, because whatever comes from a
//! registry must have a bound, and that has none.

use super::credentials::credentials;
use super::failure::{failed, refused, unreachable};
use super::{Reference, RegistryError};
use bytes::{Bytes, BytesMut};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, RegistryOperation};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Response, StatusCode};
use std::time::Duration;
use tokio::time::timeout;

const CONNECT: Duration = Duration::from_secs(10);

/// How long nothing may come. While something is pushed, nothing comes until the registry has all of a piece of 4 MiB.
const IDLE: Duration = Duration::from_secs(30);
const IDLE_PUSH: Duration = Duration::from_secs(120);

/// How long a small request may take in all, and how many bytes a second a large one must bring besides.
const WHOLE: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 32 << 10;

/// All that [`Reference::is_loopback`] takes for this machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What is read of an answer that is an error.
const MAX_SAID: u64 = 16 << 10;

/// What is wanted of a registry.
pub(super) struct Wanted<'a> {
    /// What people call it.
    pub what: &'static str,
    /// The address below the repository.
    pub path: String,
    /// The types that it may have.
    pub accept: &'a str,
    /// The most bytes that it may have.
    pub limit: u64,
}

/// A conversation about one reference.
pub(super) struct Session {
    /// For what we only send.
    pub client: Client,
    /// The reference in that one's words.
    pub image: oci_client::Reference,
    reference: Reference,
    http: reqwest::Client,
    access: RegistryAuth,
}

impl Session {
    /// Finds the credentials, and logs in if the registry asks for it.
    pub(super) async fn open(
        reference: &Reference,
        operation: RegistryOperation,
    ) -> Result<Self, RegistryError> {
        let credentials = credentials(reference).await?;
        // A second one changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let idle = match operation {
            RegistryOperation::Pull => IDLE,
            RegistryOperation::Push => IDLE_PUSH,
        };
        let http = reqwest::Client::builder();
        // What is not encrypted does not leave this machine.
        let http = match reference.is_loopback() {
            true => http.no_proxy(),
            false => http.https_only(true),
        };
        let http = http
            .connect_timeout(CONNECT)
            .read_timeout(idle)
            .user_agent(AGENT)
            .build()
            .map_err(|error| unreachable(reference, &error))?;
        let config = ClientConfig {
            protocol: match reference.is_loopback() {
                true => ClientProtocol::Http,
                false => ClientProtocol::Https,
            },
            connect_timeout: Some(CONNECT),
            read_timeout: Some(idle),
            user_agent: AGENT,
            // There is no other way to say: none for this machine, whatever the environment has.
            http_proxy: reference
                .is_loopback()
                .then(|| "http://localhost".to_owned()),
            no_proxy: reference.is_loopback().then(|| LOOPBACK.to_owned()),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| failed(reference, false, error))?;
        let mut this = Self {
            client,
            image: image(reference),
            reference: reference.clone(),
            http,
            access: credentials,
        };
        this.log_in(operation).await?;
        Ok(this)
    }

    async fn log_in(&mut self, operation: RegistryOperation) -> Result<(), RegistryError> {
        let asked = self.client.auth(&self.image, &self.access, operation);
        let token = match timeout(WHOLE, asked).await {
            Ok(Ok(token)) => token,
            Ok(Err(error)) => return Err(self.failed(error)),
            Err(_) => return Err(self.too_slow()),
        };
        if let Some(token) = token {
            // The client takes it for granted that a token can be sent.
            if HeaderValue::from_str(&token).is_err() {
                return Err(self.answer("its token has characters that no token has"));
            }
            self.access = RegistryAuth::Bearer(token);
        }
        Ok(())
    }

    /// Gets something small enough to be kept in memory.
    pub(super) async fn get(&self, wanted: &Wanted<'_>) -> Result<Bytes, RegistryError> {
        let most = WHOLE + Duration::from_secs(wanted.limit / SLOWEST);
        match timeout(most, self.get_all(wanted)).await {
            Ok(got) => got,
            Err(_) => Err(self.too_slow()),
        }
    }

    async fn get_all(&self, wanted: &Wanted<'_>) -> Result<Bytes, RegistryError> {
        let scheme = match self.reference.is_loopback() {
            true => "http",
            false => "https",
        };
        let registry = self.image.resolve_registry();
        let repository = self.reference.repository();
        let url = format!("{scheme}://{registry}/v2/{repository}/{}", wanted.path);
        let request = self.http.get(url).header(ACCEPT, wanted.accept);
        let request = match &self.access {
            RegistryAuth::Anonymous => request,
            RegistryAuth::Basic(user, password) => request.basic_auth(user, Some(password)),
            RegistryAuth::Bearer(token) => request.bearer_auth(token),
        };
        let response = request.send().await;
        let response = response.map_err(|error| unreachable(&self.reference, &error))?;
        let status = response.status();
        if status == StatusCode::OK {
            return match self.read(response, wanted.limit).await? {
                Some(bytes) => Ok(bytes),
                None => Err(RegistryError::TooLarge {
                    reference: Box::new(self.reference.clone()),
                    what: wanted.what,
                    limit: wanted.limit,
                }),
            };
        }
        if status == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotFound {
                reference: Box::new(self.reference.clone()),
                what: wanted.what,
            });
        }
        let said = self.read(response, MAX_SAID).await.ok().flatten();
        let said = said.unwrap_or_default();
        Err(refused(
            &self.reference,
            self.is_known(),
            status.as_u16(),
            &String::from_utf8_lossy(&said),
        ))
    }

    /// None if there is more than that.
    async fn read(&self, mut from: Response, limit: u64) -> Result<Option<Bytes>, RegistryError> {
        let mut bytes = BytesMut::new();
        loop {
            let chunk = from.chunk().await;
            let chunk = chunk.map_err(|error| unreachable(&self.reference, &error))?;
            let Some(chunk) = chunk else {
                return Ok(Some(bytes.freeze()));
            };
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Ok(None);
            }
            bytes.extend_from_slice(&chunk);
        }
    }

    /// Does something that takes no longer than so many bytes may.
    pub(super) async fn send<T>(
        &self,
        bytes: usize,
        work: impl Future<Output = Result<T, OciDistributionError>>,
    ) -> Result<T, RegistryError> {
        let most = WHOLE + Duration::from_secs(bytes as u64 / SLOWEST);
        match timeout(most, work).await {
            Ok(done) => done.map_err(|error| self.failed(error)),
            Err(_) => Err(self.too_slow()),
        }
    }

    /// What came does not fit.
    pub(super) fn answer(&self, why: &str) -> RegistryError {
        RegistryError::Answer {
            reference: Box::new(self.reference.clone()),
            why: why.to_owned(),
        }
    }

    fn failed(&self, error: OciDistributionError) -> RegistryError {
        failed(&self.reference, self.is_known(), error)
    }

    fn too_slow(&self) -> RegistryError {
        RegistryError::Unreachable {
            reference: Box::new(self.reference.clone()),
            why: "it takes too long".to_owned(),
        }
    }

    fn is_known(&self) -> bool {
        self.access != RegistryAuth::Anonymous
    }
}

const AGENT: &str = concat!("zymogen/", env!("CARGO_PKG_VERSION"));

fn image(reference: &Reference) -> oci_client::Reference {
    let (host, repository) = (reference.host(), reference.repository());
    let (host, repository) = (host.to_owned(), repository.to_owned());
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => {
            oci_client::Reference::with_digest(host, repository, digest.to_string())
        }
        (None, tag) => {
            let tag = tag.unwrap_or_default().to_owned();
            oci_client::Reference::with_tag(host, repository, tag)
        }
    }
}
