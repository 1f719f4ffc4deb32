//! Records that appear on the master: the macros [`trace!`](crate::trace), [`debug!`](crate::debug),
//! [`info!`](crate::info), [`warn!`](crate::warn!) and [`error!`](crate::error).

pub use crate::bindings::zymogen::task::log::Level;

/// Logs one record. `target` says which part of the module speaks; the macros give the Rust module's path.
pub fn record(level: Level, target: &str, message: &str) {
    crate::host::log::log(level, target, message);
}

/// Logs at a level: `log!(Level::Info, "{} of {}", done, total)`.
#[macro_export]
macro_rules! log {
    ($level:expr, $($message:tt)+) => {
        $crate::log::record($level, module_path!(), &format!($($message)+))
    };
}

/// Logs what only somebody who debugs the module wants to know, in detail.
#[macro_export]
macro_rules! trace {
    ($($message:tt)+) => { $crate::log!($crate::log::Level::Trace, $($message)+) };
}

/// Logs what somebody who debugs the module wants to know.
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => { $crate::log!($crate::log::Level::Debug, $($message)+) };
}

/// Logs what a user may want to know.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::log!($crate::log::Level::Info, $($message)+) };
}

/// Logs what a user should look at, although the task goes on.
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::log!($crate::log::Level::Warn, $($message)+) };
}

/// Logs what went wrong. A task that cannot go on returns a [`Failure`](crate::Failure) instead.
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => { $crate::log!($crate::log::Level::Error, $($message)+) };
}
