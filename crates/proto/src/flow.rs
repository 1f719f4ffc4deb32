//! Credit: how much of what a sender sends may be on its way or wait at the receiver, in bytes.
//!
//! The sender begins with [`INITIAL_CREDIT`]; the receiver grants more as what came is taken. A sender may send as
//! long as it has any credit, so that the last frame may overdraw it: a message that is longer than the whole window
//! can be sent, too. Hops know nothing of it: what waits in them is bounded by what is allowed end to end.

use crate::HEADER_LEN;
use crate::message::INITIAL_CREDIT;

/// What a frame with a body of so many bytes costs.
#[must_use]
pub fn cost(body_len: usize) -> u64 {
    (HEADER_LEN + body_len) as u64
}

/// The sender's account.
#[derive(Debug)]
pub struct Allowance {
    left: i128,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            left: INITIAL_CREDIT.into(),
        }
    }
}

impl Allowance {
    /// May the next frame be sent?
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.left > 0
    }

    /// A frame of this cost was sent.
    pub fn spend(&mut self, cost: u64) {
        self.left -= i128::from(cost);
    }

    /// The receiver has granted more. The account never grows beyond `max`: nobody can be made to send without measure.
    pub fn grant(&mut self, bytes: u64, max: u64) {
        let room = (i128::from(max) - self.left).max(0);
        self.left += i128::from(bytes).min(room);
    }
}

/// The receiver's account of one sender.
#[derive(Debug)]
pub struct Window {
    size: u64,
    /// What the sender may still send. Below zero once it has overdrawn.
    left: i128,
    /// What was taken and has not been granted again.
    taken: u64,
}

/// More came than was granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overrun;

impl Window {
    /// A window of at least so many bytes, and what the sender is to be granted at once.
    #[must_use]
    pub fn new(size: u64) -> (Self, u64) {
        let size = size.max(INITIAL_CREDIT);
        let window = Self {
            size,
            left: size.into(),
            taken: 0,
        };
        (window, size - INITIAL_CREDIT)
    }

    /// A frame of this cost has come, and waits to be taken.
    ///
    /// # Errors
    /// If its sender had no credit left.
    pub fn came(&mut self, cost: u64) -> Result<(), Overrun> {
        if self.left <= 0 {
            return Err(Overrun);
        }
        self.left -= i128::from(cost);
        Ok(())
    }

    /// A frame of this cost was taken. Gives what to grant the sender, if it is worth a message.
    #[must_use]
    pub fn took(&mut self, cost: u64) -> Option<u64> {
        self.taken += cost;
        if self.taken < self.size / 2 {
            return None;
        }
        let grant = std::mem::take(&mut self.taken);
        self.left += i128::from(grant);
        Some(grant)
    }
}
