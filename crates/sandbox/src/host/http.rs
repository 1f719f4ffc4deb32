//! `wasi:http`: requests to where the policy lets the call connect, and nowhere else.
//!
//! Names stand for the addresses that were found before the guest ran, as they do for sockets, so that nothing is looked up
//! here. Only plain HTTP is spoken: TLS would be a third of the slave's image.

use super::network::Reach;
use crate::guest::Guest;
use crate::output::Output;
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use proto::message::Level;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// The port of a plain request that names none.
const PORT: u16 = 80;

/// A time that nobody set. The call's own ends it sooner.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a store holds for requests.
pub(crate) struct Http {
    context: WasiHttpCtx,
    client: Client,
}

/// Sends requests.
#[derive(Clone)]
struct Client {
    reach: Arc<Reach>,
    output: Arc<Output>,
}

/// A response, and what goes on as long as its body is read.
type Answer = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl Http {
    pub(crate) fn new(reach: Arc<Reach>, output: Arc<Output>) -> Self {
        Self {
            context: WasiHttpCtx::new(),
            client: Client { reach, output },
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (http, wasi) = self.http_and_wasi();
        WasiHttpCtxView {
            hooks: &mut http.client,
            table: wasi.table,
            ctx: &mut http.context,
        }
    }
}

impl WasiHttpHooks for Client {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let client = self.clone();
        Box::new(async move { client.send(request, options.unwrap_or_default()).await })
    }
}

impl Client {
    async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Answer, Error> {
        let addresses = match self.destination(request.uri()) {
            Ok(addresses) => addresses,
            Err((error, why)) => {
                // The guest gets a code without words. Whether they fit into its output its own next word decides.
                let _ = self.output.say(Level::Warn, "http".to_owned(), why).await;
                return Err(error);
            }
        };
        let connect = options.connect_timeout.unwrap_or(PATIENCE);
        let first = options.first_byte_timeout.unwrap_or(PATIENCE);
        let between = options.between_bytes_timeout.unwrap_or(PATIENCE);
        let stream = timeout(connect, TcpStream::connect(&addresses[..])).await;
        let stream = stream
            .map_err(|_| Error::ConnectionTimeout)?
            .map_err(Error::Connect)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the handle on it: with this future, or with what is returned.
        let connection = spawn(connection);
        // To a server, which is no proxy, a request names its path alone.
        let path = request.uri().path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
        let response = timeout(first, sender.send_request(request)).await;
        let response = response.map_err(|_| Error::ConnectionReadTimeout)??;
        let response = response.map(|body| Timed::new(body, between).boxed_unsync());
        let rest = async move {
            // Nobody may send another one.
            drop(sender);
            connection.await.map_err(Error::from)
        };
        Ok((response, Box::new(rest)))
    }

    /// Where a request goes, or what to tell its guest, and what people.
    fn destination(&self, uri: &Uri) -> Result<Vec<SocketAddr>, (Error, String)> {
        if uri.scheme() != Some(&Scheme::HTTP) {
            let why = format!("only plain `http` is spoken here, not to {uri}");
            return Err((Error::InternalError(Some(why.clone())), why));
        }
        let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
        let host = uri.host().unwrap_or_default();
        let port = match uri.port_u16() {
            Some(port) => port,
            // What follows the host is no port, if anything does.
            None if !host.is_empty() && authority.ends_with(host) => PORT,
            None => {
                let why = format!("`{authority}` is no HOST or HOST:PORT");
                return Err((Error::HttpRequestUriInvalid, why));
            }
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = self.reach.destinations(bare, port);
        if addresses.is_empty() {
            let why = format!("no grant leads to {authority}: it takes `net:{host}:{port}`");
            return Err((Error::HttpRequestDenied, why));
        }
        Ok(addresses)
    }
}

/// The body of a response each part of which has its time to come.
struct Timed {
    body: Incoming,
    between: Duration,
    over: Pin<Box<Sleep>>,
}

impl Timed {
    fn new(body: Incoming, between: Duration) -> Self {
        Self {
            body,
            between,
            over: Box::pin(sleep(between)),
        }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                // A time too long for the clock is the longest one that it knows.
                let next = Instant::now().checked_add(self.between);
                if let Some(next) = next {
                    self.over.as_mut().reset(next);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Error::from)))
            }
            Poll::Pending => self
                .over
                .as_mut()
                .poll(context)
                .map(|()| Some(Err(Error::ConnectionReadTimeout))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
