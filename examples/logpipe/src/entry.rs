//! One line in the common log format: `192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 512`.

use crate::bindings::exports::zymogen::logpipe::parsing::Entry;

pub(crate) fn parse(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let (client, rest) = line.split_once(' ')?;
    let (_, rest) = rest.split_once('"')?;
    let (request, rest) = rest.split_once('"')?;
    let (status, size) = rest.trim_start().split_once(' ')?;
    let size = match size {
        "-" => None,
        digits => Some(digits.parse().ok()?),
    };
    Some(Entry {
        client: client.to_owned(),
        request: request.to_owned(),
        status: status.parse().ok()?,
        size,
    })
}

/// The line with what stands behind the last dot or colon of the client's address hidden.
pub(crate) fn redact(line: &[u8]) -> Vec<u8> {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
    let (client, rest) = line.split_at(end);
    let keep = client.iter().rposition(|byte| matches!(byte, b'.' | b':'));
    match keep {
        Some(keep) => [&client[..=keep], b"x", rest].concat(),
        None => line.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, redact};

    const LINE: &[u8] = b"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 404 -\n";

    #[test]
    fn a_line_has_its_parts() {
        let entry = parse(LINE).expect("it is one");
        assert_eq!(entry.client, "192.0.2.7");
        assert_eq!(entry.request, "GET / HTTP/1.1");
        assert_eq!((entry.status, entry.size), (404, None));
    }

    #[test]
    fn what_is_no_entry_is_none() {
        assert!(parse(b"no entry").is_none());
        assert!(parse(b"192.0.2.7 - - [] \"GET /\" many 1").is_none());
    }

    #[test]
    fn only_the_end_of_the_address_is_hidden() {
        assert!(redact(LINE).starts_with(b"192.0.2.x - - [10/Oct"));
        assert!(redact(b"2001:db8::7 - -").starts_with(b"2001:db8::x - -"));
        assert_eq!(redact(b"localhost - -"), b"localhost - -");
    }
}
