//! How long a CBOR item is, by its heads alone.
//!
//! The deserializer does not ask: it takes a name with the item behind it for an alternative with what it
//! holds, which only a map of the two is, and a map for a name without looking for what it holds. A message where it
//! did one as often as the other has the right length all the same; what it says is still within all limits.

/// The length of the item at the front of these bytes. None if it is not whole, no CBOR, or nests deeper than `depth`.
pub(crate) fn length(bytes: &[u8], depth: usize) -> Option<usize> {
    let mut rest = bytes;
    // How many items each open array or map still lacks; none if there is no telling before its end.
    let mut open: Vec<Option<u64>> = Vec::new();
    loop {
        let ends = match head(&mut rest)? {
            (BYTES | TEXT, Some(len)) => {
                rest = rest.get(usize::try_from(len).ok()?..)?;
                true
            }
            (ARRAY | MAP, Some(0)) => true,
            (ARRAY, Some(count)) => {
                open.push(Some(count));
                false
            }
            (MAP, Some(count)) => {
                open.push(Some(count.checked_mul(2)?));
                false
            }
            (BYTES | TEXT | ARRAY | MAP, None) => {
                open.push(None);
                false
            }
            // What it belongs to follows.
            (TAG, Some(_)) => false,
            (SIMPLE, None) if open.pop() == Some(None) => true,
            (_, None) => return None,
            _ => true,
        };
        // A string in pieces is open, too, and no deeper than what it is in.
        if open.len() > depth + 1 {
            return None;
        }
        if ends && all_end(&mut open) {
            return Some(bytes.len() - rest.len());
        }
    }
}

const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

/// Closes what lacked only the item that has just ended. Is nothing open any more?
fn all_end(open: &mut Vec<Option<u64>>) -> bool {
    while let Some(Some(lacking)) = open.last_mut() {
        *lacking -= 1;
        if *lacking > 0 {
            break;
        }
        open.pop();
    }
    open.is_empty()
}

/// The next head: its major type, and its argument unless that says "until the end", or is the end.
fn head(rest: &mut &[u8]) -> Option<(u8, Option<u64>)> {
    let first = *rest.split_off_first()?;
    let arg = match first & 0x1f {
        small @ 0..=23 => Some(u64::from(small)),
        width @ 24..=27 => {
            let bytes = rest.split_off(..1 << (width - 24))?;
            Some(
                bytes
                    .iter()
                    .fold(0, |arg, byte| arg << 8 | u64::from(*byte)),
            )
        }
        31 => None,
        _ => return None,
    };
    Some((first >> 5, arg))
}
