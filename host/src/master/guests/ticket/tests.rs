//! Who may ask, and how often.

use super::{AT_ONCE, Guests, Held, MAX_DEPTH, Ticket};
use crate::module::dummy;
use broker::{Caller, Services};
use futures_util::FutureExt;
use proto::message::Refusal;
use proto::{CallLimits, ContextId, Policy};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, watch};

const WIT: &str = "package test:all@1.0.0; world app { export run: func(); }";

const NUMBER: u64 = 7;

fn guests(depth: u32) -> (Arc<Guests>, Held) {
    let guests = Arc::new(Guests::new(Services::default()));
    let ticket = Ticket {
        context: ContextId(3),
        module: dummy::module(WIT, "app"),
        policy: Policy::default(),
        limits: CallLimits::default(),
        until: None,
        depth,
        turns: Arc::new(Semaphore::new(AT_ONCE)),
        over: watch::Sender::new(false),
        kept: Mutex::default(),
    };
    guests.tickets.valid().insert(NUMBER, Arc::new(ticket));
    let held = Held {
        guests: guests.clone(),
        number: NUMBER,
    };
    (guests, held)
}

fn from(context: u32) -> Caller {
    Caller {
        context: ContextId(context),
        above: false,
    }
}

#[track_caller]
fn assert_denied<T>(result: Result<T, Refusal>, part: &str) {
    match result {
        Err(Refusal::Denied(why)) => assert!(why.contains(part), "{why}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was admitted"),
    }
}

#[test]
fn a_context_asks_for_its_own_calls_as_long_as_they_last() {
    let (guests, held) = guests(0);
    assert!(guests.admit(from(3), NUMBER).is_ok());
    assert_denied(guests.admit(from(4), NUMBER), "the call is over");
    assert_denied(guests.admit(from(3), NUMBER + 1), "the call is over");
    drop(held);
    assert_denied(guests.admit(from(3), NUMBER), "the call is over");
}

#[tokio::test]
async fn who_waits_when_the_call_ends_waits_no_longer() {
    let (guests, held) = guests(0);
    let asked = guests.admit(from(3), NUMBER).ok();
    let ticket = asked.map(|asked| asked.ticket.clone()).expect("a ticket");
    let mut over = Box::pin(ticket.over());
    assert!((&mut over).now_or_never().is_none());
    drop(held);
    over.await;
}

#[test]
fn one_call_asks_for_so_much_at_once() {
    let (guests, _held) = guests(0);
    let mut asked: Vec<_> = (0..AT_ONCE)
        .map(|_| guests.admit(from(3), NUMBER).ok())
        .collect();
    assert!(asked.iter().all(Option::is_some));
    assert_denied(guests.admit(from(3), NUMBER), "at once");
    asked.pop();
    assert!(guests.admit(from(3), NUMBER).is_ok());
}

#[test]
fn the_last_of_many_calls_may_not_call_on() {
    for (depth, may) in [(0, true), (MAX_DEPTH - 2, true), (MAX_DEPTH - 1, false)] {
        let (guests, _held) = guests(depth);
        let asked = guests.admit(from(3), NUMBER).ok();
        let options = asked.map(|asked| asked.ticket.options());
        match options {
            Some(Ok(_)) => assert!(may, "{depth}"),
            Some(refused) => {
                assert!(!may, "{depth}");
                assert_denied(refused, "led to each other");
            }
            None => panic!("it was not admitted"),
        }
    }
}
