//! Heads of items, and strings, which alone have bytes behind their heads.

use super::Error;
use std::borrow::Cow;

pub(super) const UNSIGNED: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;
pub(super) const SIMPLE: u8 = 7;

/// The widths of an argument that are no argument: floating-point numbers among the simple values.
pub(super) const HALF: u8 = 25;
pub(super) const SINGLE: u8 = 26;
pub(super) const DOUBLE: u8 = 27;
/// "Until the end", and the end.
const OPEN: u8 = 31;

/// The head of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) major: u8,
    /// How the argument is written.
    pub(super) width: u8,
    /// The argument. None: it lasts until the end, or is the end.
    pub(super) arg: Option<u64>,
}

impl Head {
    /// The end of what has no length.
    pub(super) fn is_break(self) -> bool {
        self.major == SIMPLE && self.width == OPEN
    }
}

/// Bytes of which heads are read one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads<'de> {
    all: &'de [u8],
    rest: &'de [u8],
}

impl<'de> Heads<'de> {
    pub(super) fn new(all: &'de [u8]) -> Self {
        Self { all, rest: all }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next head.
    pub(super) fn next(&mut self) -> Result<Head, Error> {
        let at = self.at();
        let first = *self.rest.split_off_first().ok_or(Error::Early)?;
        let (major, width) = (first >> 5, first & 0x1f);
        let arg = match width {
            small @ 0..=23 => Some(u64::from(small)),
            24..=27 => {
                let bytes = self.take(1 << (width - 24))?;
                let arg = bytes
                    .iter()
                    .fold(0, |arg, byte| arg << 8 | u64::from(*byte));
                Some(arg)
            }
            OPEN if matches!(major, BYTES | TEXT | ARRAY | MAP | SIMPLE) => None,
            _ => return Err(Error::Syntax(at)),
        };
        // A simple value has one form.
        if major == SIMPLE && width == 24 && arg < Some(32) {
            return Err(Error::Syntax(at));
        }
        Ok(Head { major, width, arg })
    }

    /// The next head that is no tag: nobody here asks what one says.
    pub(super) fn untagged(&mut self) -> Result<Head, Error> {
        loop {
            let head = self.next()?;
            if head.major != TAG {
                return Ok(head);
            }
        }
    }

    /// The bytes behind the head of a string, which may come in pieces.
    pub(super) fn string(&mut self, head: Head) -> Result<Cow<'de, [u8]>, Error> {
        if let Some(len) = head.arg {
            return Ok(self.take(len)?.into());
        }
        let mut joined = Vec::new();
        while let Some(piece) = self.piece(head.major)? {
            joined.extend_from_slice(piece);
        }
        Ok(joined.into())
    }

    /// The next piece of an open string. None at its end.
    pub(super) fn piece(&mut self, of: u8) -> Result<Option<&'de [u8]>, Error> {
        let at = self.at();
        let head = self.next()?;
        match head.arg {
            Some(len) if head.major == of => {
                let piece = self.take(len)?;
                // No character is in two pieces.
                if of == TEXT && str::from_utf8(piece).is_err() {
                    return Err(Error::Syntax(at));
                }
                Ok(Some(piece))
            }
            None if head.is_break() => Ok(None),
            _ => Err(Error::Syntax(at)),
        }
    }

    /// The text behind its head.
    pub(super) fn text(&mut self, head: Head) -> Result<Cow<'de, str>, Error> {
        let at = self.at();
        match self.string(head)? {
            Cow::Borrowed(text) => str::from_utf8(text).map(Cow::Borrowed).ok(),
            Cow::Owned(text) => String::from_utf8(text).map(Cow::Owned).ok(),
        }
        .ok_or(Error::Syntax(at))
    }

    fn take(&mut self, len: u64) -> Result<&'de [u8], Error> {
        let len = usize::try_from(len).map_err(|_| Error::Early)?;
        self.rest.split_off(..len).ok_or(Error::Early)
    }
}
