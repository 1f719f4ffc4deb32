//! What is asked of whoever sees to it that nothing that was started outlives this program, even if it is killed.

use std::io;

/// A watch over process groups. A slave has one. The master has none: what it starts ends at the end of its streams.
pub trait Guard: Send + Sync {
    /// A process group was started. What is returned is dropped once it is over, or may live on.
    ///
    /// # Errors
    /// If nobody can watch. The group is then ended.
    fn watch(&self, group: u32) -> io::Result<Box<dyn Send>>;
}
