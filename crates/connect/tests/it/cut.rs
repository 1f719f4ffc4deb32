//! Connections that are cut at every byte, of what the target hears and of what it says, with the image in its cache and
//! without: an error that names the phase, nothing left behind, no process that stays.

use crate::process::eventually;
use crate::support::{Stock, Target, finish, hello_frame};
use connect::{Boot, Cause, Format, Phase};
use std::path::Path;
use tokio::task::JoinSet;

/// Starts at once.
const AT_ONCE: usize = 4;

/// What is said first of all.
const BEGIN: &str = "ZYMOGEN begin\n";

/// The direction in which bytes stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cut {
    Hears,
    Says,
}

/// One way to start a slave.
#[derive(Clone, Copy, Debug)]
struct Case {
    shell: &'static str,
    format: Format,
    /// The image is in the cache.
    warm: bool,
    /// The image may stay.
    keep: bool,
}

impl Case {
    fn new(shell: &'static str) -> Self {
        Self {
            shell,
            format: Format::Raw,
            warm: false,
            keep: true,
        }
    }

    fn target(self) -> Target {
        let target = Target::new(self.shell);
        std::fs::write(target.at("hello"), said_by_slave()).expect("a file");
        target
    }

    /// A slave whose image is short, because each of its bytes is one more start.
    fn stock(self) -> Stock {
        let unlink = match self.keep {
            true => "",
            false => "rm -f $0; rmdir ${0%/*}\n",
        };
        let mut stock = Stock::of(&format!(
            "#!/bin/sh\n{unlink}cat ~/../hello; exec cat >/dev/null\n"
        ));
        stock.format = Some(self.format);
        stock
    }

    fn boot(self, stock: &Stock) -> Boot {
        match self.keep {
            true => stock.boot(),
            false => stock.boot().leave_nothing(),
        }
    }

    /// The bytes of the first stage's own lines, and of what is said in all.
    fn said(self) -> (usize, usize) {
        let target = self.target();
        let stock = self.stock();
        let own = match self.warm {
            true => BEGIN.len(),
            false => {
                let said = target.talk(&self.boot(&stock), b"");
                let need = &said[BEGIN.len()..];
                BEGIN.len() + need.find('\n').expect("a line") + 1
            }
        };
        (own, own + said_by_slave().len())
    }

    /// The bytes of the image's head and of the image.
    async fn heard(self) -> usize {
        let stock = self.stock();
        let machine = crate::support::machine();
        let packed = connect::ImageSource::image(&stock, &machine, &[self.format]).await;
        let packed = packed.expect("an image");
        let head = format!(
            "{} {} {}\n",
            self.format.word(),
            packed.bytes.len(),
            packed.sha256
        );
        head.len() + packed.bytes.len()
    }
}

fn said_by_slave() -> Vec<u8> {
    [b"ZYMOGEN ready\n", &hello_frame()[..]].concat()
}

/// Starts with the connection cut after `at` bytes. It cannot succeed.
async fn start(case: Case, cut: Cut, at: usize, phase: Phase) {
    let what = format!("{case:?} {cut:?} {at}");
    // What the connection is to the first stage: nothing else holds the stream that is cut.
    let script = match cut {
        Cut::Hears => format!("exec \"$@\" < <(exec head -c {at} <&3) 3<&-"),
        Cut::Says => format!("exec dd bs=1 count={at} 2>/dev/null < <(exec \"$@\" <&3 3<&-) 3<&-"),
    };
    let target = case.target();
    let fifo = target.at("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo").success());
    let target = target.within(&format!("exec 3<&0 9<>{}; {script}", fifo.display()));
    let stock = case.stock();
    if case.warm {
        stock.install(&target.cache());
    }
    let boot = case.boot(&stock);
    let error = target.start_with(&stock, &boot).await;
    let error = error.map(|_| ()).expect_err(&what);
    assert_eq!(error.phase, phase, "{what}: {error}");
    let expected = match cut {
        // The way back is open: the first stage says what is wrong.
        Cut::Hears => matches!(&*error.cause, Cause::Stage { .. }),
        Cut::Says => matches!(&*error.cause, Cause::Ended(_)),
    };
    assert!(expected, "{what}: {error:?}");
    // What is left is the whole image, or nothing.
    eventually(&what, || !held(&fifo)).await;
    let left = target.left();
    if case.keep && cut == Cut::Says && left == [stock.file_name()] {
        let kept = std::fs::read(target.cache().join(stock.file_name()));
        assert_eq!(kept.expect("the image"), stock.image, "{what}");
    } else {
        assert_eq!(left, [""; 0], "{what}");
    }
    if at.is_multiple_of(16) {
        let target = target.within("exec \"$@\"");
        finish(target.start_with(&stock, &boot).await.expect(&what)).await;
    }
}

/// Does a process hold this FIFO open? All that a start makes inherit it.
fn held(fifo: &Path) -> bool {
    use rustix::fs::{Mode, OFlags, open};
    open(fifo, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).is_ok()
}

/// All of these starts, some at once.
async fn all(starts: Vec<(Case, Cut, usize, Phase)>) {
    let mut running = JoinSet::new();
    for (case, cut, at, phase) in starts {
        while running.len() >= AT_ONCE {
            running
                .join_next()
                .await
                .expect("a start")
                .expect("no panic");
        }
        running.spawn(start(case, cut, at, phase));
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
    }
}

/// Every `step`th byte of what is said.
fn says(case: Case, step: usize) -> Vec<(Case, Cut, usize, Phase)> {
    let (own, whole) = case.said();
    let ready = own + b"ZYMOGEN ready\n".len();
    let phase = |at| match at {
        at if at < own || case.warm && at < ready => Phase::FirstStage,
        at if at < ready => Phase::Image,
        _ => Phase::Hello,
    };
    let offsets = (0..whole).step_by(step);
    offsets.map(|at| (case, Cut::Says, at, phase(at))).collect()
}

async fn hears(case: Case, step: usize) -> Vec<(Case, Cut, usize, Phase)> {
    let offsets = (0..case.heard().await).step_by(step);
    offsets
        .map(|at| (case, Cut::Hears, at, Phase::Image))
        .collect()
}

#[tokio::test]
async fn of_what_a_target_without_the_image_hears() {
    let dash = Case::new("dash");
    all(hears(dash, 1).await).await;
    for shell in ["bash", "busybox"] {
        all(hears(Case::new(shell), 9).await).await;
    }
    for format in [Format::Gzip, Format::Zstd] {
        all(hears(Case { format, ..dash }, 9).await).await;
    }
    all(hears(
        Case {
            keep: false,
            ..dash
        },
        9,
    )
    .await)
    .await;
}

#[tokio::test]
async fn of_what_a_target_without_the_image_says() {
    let dash = Case::new("dash");
    all(says(dash, 1)).await;
    for shell in ["bash", "busybox"] {
        all(says(Case::new(shell), 9)).await;
    }
    all(says(
        Case {
            keep: false,
            ..dash
        },
        9,
    ))
    .await;
}

#[tokio::test]
async fn of_what_a_target_with_the_image_says() {
    let warm = |shell| Case {
        warm: true,
        ..Case::new(shell)
    };
    all(says(warm("dash"), 1)).await;
    for shell in ["bash", "busybox"] {
        all(says(warm(shell), 9)).await;
    }
}
