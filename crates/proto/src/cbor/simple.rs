//! Simple values, and the floating-point numbers among them.

use super::head::{DOUBLE, HALF, Head, SIMPLE, SINGLE};

const FALSE: u64 = 20;
const TRUE: u64 = 21;
const NULL: u64 = 22;
const UNDEFINED: u64 = 23;

pub(super) fn is_null(head: Head) -> bool {
    matches!(value(head), Some(NULL | UNDEFINED))
}

pub(super) fn boolean(head: Head) -> Option<bool> {
    match value(head)? {
        FALSE => Some(false),
        TRUE => Some(true),
        _ => None,
    }
}

fn value(head: Head) -> Option<u64> {
    let is_value = head.major == SIMPLE && head.width < HALF;
    head.arg.filter(|_| is_value)
}

pub(super) fn float(head: Head) -> Option<f64> {
    let bits = head.arg.filter(|_| head.major == SIMPLE)?;
    Some(match head.width {
        HALF => half(bits),
        SINGLE => f64::from(f32::from_bits(u32::try_from(bits).ok()?)),
        DOUBLE => f64::from_bits(bits),
        _ => return None,
    })
}

/// A number of half precision, whose bits these are.
fn half(bits: u64) -> f64 {
    let fraction = (bits & 0x3ff) as f64;
    let size = match (bits >> 10 & 0x1f) as i32 {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { size } else { -size }
}
