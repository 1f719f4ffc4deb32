//! What can be wrong with a value, and where in it.
//!
//! The walks fail with a [`Fault`]: one boxed pointer, so that a result of the hot path stays small. The path is put
//! together only on the way out, innermost part first. At the border a fault becomes a [`ValueError`].

use std::fmt::{self, Write as _};

/// Why a value could not be encoded or decoded.
///
/// `path` says where, as `params.shapes[3].radius`: it begins with the name of the parameter, or with
/// `value` if there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The value does not have its type.
    #[error("{path}: expected {expected}, found {found}")]
    Mismatch {
        /// Where in the value.
        path: String,
        /// The type in WIT syntax, abbreviated, or what of it was wanted here.
        expected: String,
        /// What was there.
        found: String,
    },
    /// The type holds something that cannot leave its store as data: a resource, stream, future or
    /// error context.
    #[error("{path}: values of type {wit} cannot travel here")]
    Unsupported {
        /// Where in the value.
        path: String,
        /// The type in WIT syntax.
        wit: String,
    },
    /// The type holds a resource, and the call has no instance that is kept for further ones.
    #[error("{path}: a value of type {wit} is of use only in an instance that is kept")]
    Resource {
        /// Where in the value.
        path: String,
        /// The type in WIT syntax.
        wit: String,
    },
    /// The bytes are no CBOR of the kind that this protocol writes.
    #[error("{path}: {why}")]
    Malformed {
        /// Where in the value.
        path: String,
        /// What is wrong with the bytes.
        why: Malformed,
    },
    /// The value would need more memory than its reader allows.
    #[error("{path}: the value needs more than {limit} bytes of memory")]
    TooLarge {
        /// Where in the value the limit was passed.
        path: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The value nests deeper than [`super::MAX_DEPTH`].
    #[error("{path}: nested deeper than {} levels", super::MAX_DEPTH)]
    TooDeep {
        /// Where in the value.
        path: String,
    },
    /// Bytes follow where the value should have ended.
    #[error("{bytes} bytes follow the value")]
    Trailing {
        /// How many.
        bytes: usize,
    },
}

/// What makes bytes no CBOR of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The input ends before the item does, or an item claims a length that the input cannot hold.
    #[error("the input ends inside the value")]
    Truncated,
    /// An item of indefinite length.
    #[error("indefinite lengths are not allowed")]
    Indefinite,
    /// A head that CBOR reserves.
    #[error("reserved CBOR head")]
    Reserved,
    /// A text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
}

/// An error on its way out of a walk.
pub(super) type Fault = Box<Unplaced>;

/// A fault and the part of its path that is known so far, innermost segment first.
#[derive(Debug)]
pub(super) struct Unplaced {
    kind: Kind,
    path: Vec<Segment>,
}

#[derive(Debug)]
enum Kind {
    Mismatch { expected: String, found: String },
    Unsupported(String),
    Resource(String),
    Malformed(Malformed),
    TooLarge(usize),
    TooDeep,
}

/// One step into a value.
#[derive(Debug)]
pub(super) enum Segment {
    /// A record's field, a variant's case, or `ok` and `err` of a result.
    Name(String),
    /// An element of a list or tuple.
    Index(usize),
    /// The key of the map's entry with this number.
    Key(usize),
}

impl Unplaced {
    pub(super) fn mismatch(expected: impl Into<String>, found: impl Into<String>) -> Fault {
        Fault::from(Kind::Mismatch {
            expected: expected.into(),
            found: found.into(),
        })
    }

    pub(super) fn unsupported(wit: String) -> Fault {
        Fault::from(Kind::Unsupported(wit))
    }

    pub(super) fn resource(wit: String) -> Fault {
        Fault::from(Kind::Resource(wit))
    }

    pub(super) fn too_large(limit: usize) -> Fault {
        Fault::from(Kind::TooLarge(limit))
    }

    pub(super) fn too_deep() -> Fault {
        Fault::from(Kind::TooDeep)
    }
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        Box::new(Unplaced {
            kind,
            path: Vec::new(),
        })
    }
}

impl From<Malformed> for Fault {
    fn from(why: Malformed) -> Self {
        Fault::from(Kind::Malformed(why))
    }
}

/// Says where a fault happened; a no-op on success, so that the hot path builds no path.
pub(super) trait At<T> {
    fn at_name(self, name: &str) -> Result<T, Fault>;
    fn at_index(self, index: usize) -> Result<T, Fault>;
    fn at_key(self, entry: usize) -> Result<T, Fault>;
    fn in_value(self, root: &str) -> Result<T, ValueError>;
}

impl<T> At<T> for Result<T, Fault> {
    fn at_name(self, name: &str) -> Self {
        self.map_err(|fault| push(fault, Segment::Name(name.into())))
    }

    fn at_index(self, index: usize) -> Self {
        self.map_err(|fault| push(fault, Segment::Index(index)))
    }

    fn at_key(self, entry: usize) -> Self {
        self.map_err(|fault| push(fault, Segment::Key(entry)))
    }

    fn in_value(self, root: &str) -> Result<T, ValueError> {
        self.map_err(|fault| place(*fault, root))
    }
}

#[cold]
fn push(mut fault: Fault, segment: Segment) -> Fault {
    fault.path.push(segment);
    fault
}

#[cold]
fn place(fault: Unplaced, root: &str) -> ValueError {
    let mut path = String::from(root);
    for segment in fault.path.iter().rev() {
        // Writing to a String does not fail.
        let _ = write!(path, "{segment}");
    }
    match fault.kind {
        Kind::Mismatch { expected, found } => ValueError::Mismatch {
            path,
            expected,
            found,
        },
        Kind::Unsupported(wit) => ValueError::Unsupported { path, wit },
        Kind::Resource(wit) => ValueError::Resource { path, wit },
        Kind::Malformed(why) => ValueError::Malformed { path, why },
        Kind::TooLarge(limit) => ValueError::TooLarge { path, limit },
        Kind::TooDeep => ValueError::TooDeep { path },
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, ".{name}"),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Key(entry) => write!(f, "[key {entry}]"),
        }
    }
}
