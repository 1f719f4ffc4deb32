//! What the runtime asks of whoever sees to it that no command outlives this process.

use std::io;

/// A watch over the process groups of commands, for when this process is killed and can do nothing
/// about them any more. The slave has one; without one only a command's first process ends with it.
pub trait Guard: Send + Sync {
    /// A command is about to be started. Gives the number by which it will be known.
    ///
    /// # Errors
    /// If nobody can watch, and the command should better not start.
    fn expect(&self) -> io::Result<u32>;

    /// The calling process leads the group of this command. Called between fork and exec, where only
    /// system calls may be made: no memory, no lock.
    ///
    /// # Errors
    /// If it could not be said, and the program should better not start.
    fn watch(&self, number: u32) -> io::Result<()>;

    /// The group of this command was ended, or never began.
    fn forget(&self, number: u32);
}
