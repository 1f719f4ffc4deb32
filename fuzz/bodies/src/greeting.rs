//! What a target prints before its first frame, in pieces.

use crate::Tail;
use crate::chop::Chopped;
use crate::heard::{Greeting, Said, TooMuchNoise};

/// More noise than is taken, by far.
const NOISE: usize = 70 << 10;

/// What was heard.
#[derive(PartialEq, Eq, Debug)]
struct Heard {
    said: Vec<Said>,
    noise: Vec<String>,
    /// What followed the greeting; none if it did not end.
    rest: Option<Vec<u8>>,
    too_much: bool,
}

/// Hears a stream at once and in pieces: both hear the same, and nothing is lost on the way. The extra is
/// more noise than is taken, behind the rest.
pub fn greeting(data: &[u8]) {
    let input = Chopped::new(data);
    let mut bytes = input.stream.to_vec();
    if input.extra {
        bytes.resize(bytes.len() + NOISE, b'x');
    }
    let heard = hear(std::iter::once(bytes.as_slice()));
    // Noise is counted before all lines in a piece were seen, so beyond the limit the pieces matter.
    if bytes.len() < NOISE {
        assert_eq!(hear(input.pieces(&bytes)), heard);
    }
    if let Some(rest) = &heard.rest {
        assert!(bytes.ends_with(rest) && heard.said.last() == Some(&Said::Ready));
        let before = &bytes[..bytes.len() - rest.len()];
        assert!(before.ends_with(b"\n"));
    } else {
        assert_eq!(heard.too_much, bytes.len() >= NOISE);
    }
    for said in &heard.said {
        match said {
            Said::Need {
                system,
                machine,
                formats,
                ..
            } => {
                assert!(is_word(system) && is_word(machine) && !formats.is_empty());
            }
            Said::Error { phase, text } => assert!(is_word(phase) && !text.contains('\n')),
            Said::Begun | Said::Ready => {}
        }
    }
    let lines = heard.said.len() + heard.noise.len();
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines <= ends + 1, "{lines} lines from {ends} ends");
}

fn hear<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Heard {
    let tail = Tail::default();
    let mut greeting = Greeting::new(tail.clone());
    let mut said = Vec::new();
    let mut rest = Vec::new();
    let (mut ready, mut too_much) = (false, false);
    for piece in pieces {
        if ready {
            rest.extend_from_slice(piece);
            continue;
        }
        greeting.buffer().extend_from_slice(piece);
        while !ready {
            match greeting.next() {
                Ok(Some(line)) => {
                    ready = line == Said::Ready;
                    said.push(line);
                }
                Ok(None) => break,
                Err(TooMuchNoise) => {
                    too_much = true;
                    break;
                }
            }
        }
        if too_much {
            break;
        }
    }
    if !ready {
        greeting.finish();
    }
    let noise = tail.lines();
    let last = greeting.last_line().to_vec();
    assert!(!last.contains(&b'\n'));
    let buffered = greeting.take_rest();
    assert!(buffered.ends_with(&last));
    rest.splice(..0, buffered);
    Heard {
        said,
        noise,
        rest: ready.then_some(rest),
        too_much,
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_ascii_whitespace())
}
