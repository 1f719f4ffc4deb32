//! Passes over an item that nobody wants.

use super::Error;
use super::head::{ARRAY, BYTES, Heads, MAP, SIMPLE, TAG, TEXT};

/// An array or a map, and what it still lacks.
enum Open {
    /// So many items.
    Items(u64),
    /// Its end, and before that any number of items.
    End,
    /// The same, in pairs: is one half there?
    EndOfPairs(bool),
}

impl Heads<'_> {
    /// Passes over the next item. False if it nests deeper than that.
    pub(super) fn skip(&mut self, depth: usize) -> Result<bool, Error> {
        let mut open: Vec<Open> = Vec::new();
        let mut tagged = false;
        loop {
            let at = self.at();
            let head = self.next()?;
            // A tag belongs to an item, and the end of an array or a map is none.
            if tagged && (head.major, head.arg) == (SIMPLE, None) {
                return Err(Error::Syntax(at));
            }
            tagged = head.major == TAG;
            let opened = match (head.major, head.arg) {
                (BYTES, _) => {
                    self.string(head)?;
                    None
                }
                (TEXT, _) => {
                    self.text(head)?;
                    None
                }
                (ARRAY | MAP, _) if open.len() >= depth => return Ok(false),
                (ARRAY | MAP, Some(0)) => None,
                (ARRAY, Some(count)) => Some(Open::Items(count)),
                (MAP, Some(count)) => {
                    // More than there can be bytes.
                    let items = count.checked_mul(2).ok_or(Error::Early)?;
                    Some(Open::Items(items))
                }
                (ARRAY, None) => Some(Open::End),
                (MAP, None) => Some(Open::EndOfPairs(false)),
                // What it belongs to follows.
                (TAG, _) => continue,
                (SIMPLE, None) => match open.pop() {
                    Some(Open::End | Open::EndOfPairs(false)) => None,
                    _ => return Err(Error::Syntax(at)),
                },
                _ => None,
            };
            if let Some(opened) = opened {
                open.push(opened);
            } else if all_end(&mut open) {
                return Ok(true);
            }
        }
    }
}

/// Closes what lacked only the item that has just ended. Is nothing open any more?
fn all_end(open: &mut Vec<Open>) -> bool {
    while let Some(last) = open.last_mut() {
        match last {
            Open::Items(1) => drop(open.pop()),
            Open::Items(lacking) => {
                *lacking -= 1;
                return false;
            }
            Open::End => return false,
            Open::EndOfPairs(half) => {
                *half = !*half;
                return false;
            }
        }
    }
    true
}
