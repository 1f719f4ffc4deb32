//! Temporary names that somebody else has taken.

use super::{ATTEMPTS, under_a_new_name};
use rustix::io::Errno;
use std::cell::RefCell;
use std::collections::BTreeSet;

#[test]
fn a_name_that_is_taken_is_left_alone() {
    let tried = RefCell::new(Vec::new());
    let made = under_a_new_name(|name| {
        tried.borrow_mut().push(name.to_owned());
        if tried.borrow().len() < 3 {
            Err(Errno::EXIST)
        } else {
            Ok(7)
        }
    });
    let tried = tried.into_inner();
    assert_eq!(made, Ok((tried[2].clone(), 7)));
    let different: BTreeSet<_> = tried.iter().collect();
    assert_eq!(different.len(), 3);
}

#[test]
fn attempts_end() {
    let tried = RefCell::new(0);
    let made: Result<(String, ()), _> = under_a_new_name(|_| {
        *tried.borrow_mut() += 1;
        Err(Errno::EXIST)
    });
    assert_eq!(made, Err(Errno::EXIST));
    assert_eq!(tried.into_inner(), ATTEMPTS);
}
