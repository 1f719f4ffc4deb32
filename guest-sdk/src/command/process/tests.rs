//! Lines out of chunks that are cut anywhere.

use super::{Line, Process, cut, rest};
use crate::Mode;
use crate::command::{Request, Status};
use crate::testing::Machine;
use std::collections::VecDeque;

#[test]
fn a_line_may_come_in_pieces() {
    let (mut partial, mut lines) = (Vec::new(), VecDeque::new());
    for piece in ["a", "b\nc", "\r\n\nd", "", "e"] {
        cut(&mut partial, piece.as_bytes(), Line::Stdout, &mut lines);
    }
    rest(&mut partial, Line::Stdout, &mut lines);
    let expected = ["ab", "c", "", "de"].map(|text| Line::Stdout(text.to_owned()));
    assert_eq!(lines, expected);
}

#[test]
fn a_program_of_the_stand_in_says_what_it_was_given() {
    let mut machine =
        Machine::new().with_program(&["tail", "x"], Status::Exited(1), "one\ntwo", "three\n");
    let (lines, status) = machine.run(Mode::Apply, || {
        let process = Process::start(&Request::new(["tail", "x"])).unwrap();
        let lines: Vec<_> = process.lines().map(Result::unwrap).collect();
        (lines, process.wait().unwrap())
    });
    assert_eq!(status, Status::Exited(1));
    let text = str::to_owned;
    assert_eq!(
        lines,
        [
            Line::Stdout(text("one")),
            Line::Stderr(text("three")),
            Line::Stdout(text("two")),
        ]
    );
    let refused = machine.run(Mode::Check, || {
        Process::start(&Request::new(["tail", "x"])).is_err()
    });
    assert!(refused);
}
