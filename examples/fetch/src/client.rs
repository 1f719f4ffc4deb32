//! The two functions, on `wasi:http` 0.2.

use crate::bindings;
use crate::bindings::exports::example::fetch::client::{Guest, Response};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme,
};
use wasip2::io::streams::StreamError;

/// Bytes that are written at once, which is what a stream takes without being asked.
const PIECE: usize = 4096;

struct Fetch;

bindings::export!(Fetch with_types_in bindings);

impl Guest for Fetch {
    fn get(url: String) -> Result<Response, String> {
        send(&Method::Get, &url, &[])
    }

    fn post(url: String, body: Vec<u8>) -> Result<Response, String> {
        send(&Method::Post, &url, &body)
    }
}

fn send(method: &Method, url: &str, body: &[u8]) -> Result<Response, String> {
    let headers = Fields::new();
    if !body.is_empty() {
        let length = body.len().to_string().into_bytes();
        let set = headers.append("content-length", &length);
        set.map_err(|error| error.to_string())?;
    }
    let request = request(headers, method, url).ok_or_else(|| format!("`{url}` is no address"))?;
    // There is one body, and it is asked for once.
    let outgoing = request.body().map_err(|()| "the request has no body")?;
    let answer = outgoing_handler::handle(request, None).map_err(text)?;
    write(outgoing, body)?;
    let pollable = answer.subscribe();
    pollable.block();
    drop(pollable);
    let answer = answer.get().ok_or("there is no answer")?;
    // It is taken once.
    let answer = answer.map_err(|()| "the answer is gone")?;
    read(&answer.map_err(text)?)
}

/// The parts of a URL, in a request.
fn request(headers: Fields, method: &Method, url: &str) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let request = OutgoingRequest::new(headers);
    request.set_method(method).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request
        .set_path_with_query(Some(if path.is_empty() { "/" } else { path }))
        .ok()?;
    Some(request)
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), String> {
    let stream = body.write().map_err(|()| "the body is taken already")?;
    for piece in bytes.chunks(PIECE) {
        let written = stream.blocking_write_and_flush(piece);
        written.map_err(|error| error.to_string())?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(text)
}

fn read(answer: &IncomingResponse) -> Result<Response, String> {
    let headers = answer.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
    let headers = headers.collect();
    let incoming = answer.consume().map_err(|()| "the answer has no body")?;
    let stream = incoming
        .stream()
        .map_err(|()| "the body is taken already")?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => body.extend_from_slice(&bytes),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    drop(stream);
    IncomingBody::finish(incoming);
    Ok(Response {
        status: answer.status(),
        headers,
        body,
    })
}

/// As WIT spells it, in words.
fn text(error: ErrorCode) -> String {
    format!("{error:?}")
}
