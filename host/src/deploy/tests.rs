//! Plans applied to hosts that are only played.

mod events;
mod fake;
mod run;
mod time;
mod verdict;
