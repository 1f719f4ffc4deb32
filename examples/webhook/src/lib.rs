//! Tells a service something over HTTP. It reaches the address that a plan gives, and knows the one secret.

guest_sdk::task! {
    inline: r#"
        package example:webhook@0.1.0;

        /// Posts a text to a service.
        ///
        /// ```toml
        /// [secrets]
        /// chat = "env:CHAT_TOKEN"
        ///
        /// [[task]]
        /// use = "webhook.wasm"
        /// with = { to = "chat.internal:8080", token = "chat", text = "deployed" }
        /// ```
        interface task {
            use zymogen:task/types@0.1.0.{mode, outcome, failure};
            use zymogen:task/grants@0.1.0.{address, secret};

            record params {
                /// Plain HTTP is spoken there.
                to: address,
                /// Sent as a bearer token.
                token: option<secret>,
                text: string,
            }

            record report {
                outcome: outcome,
                /// What the service said; empty in mode `check`.
                answer: string,
            }

            /// Posts the text. In mode `check` nobody hears of it.
            run: func(params: params, mode: mode) -> result<report, failure>;
        }

        world webhook {
            include zymogen:task/imports@0.1.0;
            export task;
        }
    "#,
    exports: example::webhook,
}

use guest_sdk::{FailureKind, secrets};
use std::io::{Read, Write};
use std::net::TcpStream;

/// The longest answer that is read.
const MAX_ANSWER: u64 = 64 << 10;

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    let token = params.token.as_deref().map(secrets::get).transpose()?;
    let request = request(&params, token.as_deref());
    let mut answer = String::new();
    if mode.applies() {
        guest_sdk::debug!("sending {request}");
        answer = post(&params.to, &request).map_err(|error| {
            let message = format!("cannot post to {}: {error}", params.to);
            Failure::new(FailureKind::Io, message)
        })?;
        if !answer.starts_with("HTTP/1.1 2") {
            let said = answer.lines().next().unwrap_or_default();
            let message = format!("{} said `{said}`", params.to);
            return Err(Failure::new(FailureKind::Other, message));
        }
    }
    Ok(Report {
        outcome: Outcome::changed("posted"),
        answer,
    })
}

fn request(params: &Params, token: Option<&str>) -> String {
    let Params { to, text, .. } = params;
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let authorization = authorization.unwrap_or_default();
    let length = text.len();
    format!(
        "POST / HTTP/1.1\r\nHost: {to}\r\n{authorization}Connection: close\r\nContent-Length: {length}\r\n\r\n{text}"
    )
}

fn post(to: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests;
