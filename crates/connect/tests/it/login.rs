//! What stands between the master and the first stage: login shells and what they print.

use crate::support::{Stock, Target, finish};
use std::process::Command;

#[tokio::test]
async fn banners_before_the_first_line_are_skipped() {
    let banner = "i=0; while [ $i -lt 900 ]; do echo \"line $i of a long and friendly message of the day\"; \
                  i=$((i + 1)); done; printf 'and a prompt without end> '";
    for (sent, install) in [(false, true), (true, false)] {
        let (target, stock) = (Target::new("sh").behind(banner), Stock::new());
        if install {
            stock.install(&target.cache());
        }
        let started = target.start(&stock).await.expect("a start");
        assert_eq!(started.sent.is_some(), sent);
        finish(started).await;
    }
}

#[tokio::test]
async fn endless_output_is_not_waited_for() {
    let target = Target::new("sh").behind("while :; do echo noise; done");
    let error = target.start(&Stock::new()).await.expect_err("only noise");
    assert!(matches!(&*error.cause, connect::Cause::Noise), "{error}");
    assert!(error.said.contains(&"noise".to_owned()));
}

#[test]
fn login_shells_pass_the_command_line_on() {
    // What sshd does with a command: the user's shell, -c, the line.
    let stock = Stock::new();
    for shell in ["sh", "dash", "bash", "tcsh", "fish", "zsh", "mksh"] {
        let home = tempfile::tempdir().expect("a directory");
        stock.install(&home.path().join(".cache/zymogen"));
        let output = Command::new(shell)
            .args(["-c", &stock.boot().command_line()])
            .env("HOME", home.path())
            .env_remove("XDG_CACHE_HOME")
            .stdin(std::process::Stdio::null())
            .output();
        let output = output.unwrap_or_else(|error| {
            panic!("this test needs the shell `{shell}`: install it ({error})")
        });
        assert!(
            output.stdout.starts_with(b"ZYMOGEN begin\nZYMOGEN ready\n"),
            "{shell}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
