//! The file service against the real file system, with and without `openat2`.

#![allow(clippy::unwrap_used)]

mod attributes;
mod changes;
mod content;
mod denied;
mod escape;
mod full;
mod kinds;
mod leftovers;
mod offers;
mod resume;
mod support;
