//! The target has no image: it asks for one, checks it, keeps it, starts it.

use crate::support::{SHELLS, Stock, Target, finish, mode};
use connect::{Cause, Format, Phase};

#[tokio::test]
async fn every_shell_installs_and_starts_the_image() {
    for shell in SHELLS {
        let (target, stock) = (Target::new(shell), Stock::new());
        let started = target.start(&stock).await.expect(shell);
        assert_eq!(started.sent, Some(stock.image.len() as u64), "{shell}");
        finish(started).await;
        assert_eq!(target.left(), [stock.file_name()], "{shell}");
        assert_eq!(mode(&target.cache()), 0o700, "{shell}");
        assert_eq!(
            mode(&target.cache().join(stock.file_name())),
            0o700,
            "{shell}"
        );
    }
}

#[tokio::test]
async fn every_format_arrives_whole() {
    for format in Format::ALL {
        let target = Target::new("sh");
        let mut stock = Stock::new();
        stock.image.extend(b"\n# padding".repeat(50_000));
        stock.format = Some(format);
        finish(target.start(&stock).await.expect("a start")).await;
        assert_eq!(target.left(), [stock.file_name()]);
    }
}

#[test]
fn need_names_the_machine_and_what_it_can_inflate() {
    let stock = Stock::new();
    let said = Target::new("busybox").talk(&stock.boot(), b"");
    let machine = crate::support::machine();
    assert_eq!(
        said,
        format!(
            "ZYMOGEN begin\nZYMOGEN need 1 Linux {machine} gzip none\nZYMOGEN error transfer no image came\n"
        )
    );
    let said = Target::new("dash").talk(&stock.boot(), b"");
    assert!(said.starts_with(&format!(
        "ZYMOGEN begin\nZYMOGEN need 1 Linux {machine} zstd gzip none\n"
    )));
}

#[tokio::test]
async fn a_damaged_image_is_refused_and_removed() {
    for shell in SHELLS {
        for format in [Format::Raw, Format::Gzip] {
            let target = Target::new(shell);
            let mut stock = Stock::new();
            stock.format = Some(format);
            stock.damage = Some(|bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x20;
            });
            let error = target.start(&stock).await.expect_err("a damaged image");
            assert_eq!(error.phase, Phase::Image, "{shell}: {error}");
            assert!(
                matches!(&*error.cause, Cause::Stage { .. }),
                "{shell}: {error}"
            );
            assert!(target.left().is_empty(), "{shell}: {:?}", target.left());
        }
    }
}

#[test]
fn a_truncated_transfer_leaves_nothing() {
    let stock = Stock::new();
    let half = &stock.image[..stock.image.len() / 2];
    let head = format!("none {} {}\n", stock.image.len(), stock.sha256());
    for shell in SHELLS {
        for input in ["", "none 10", &head, "zip 3 abc\nxyz"] {
            let target = Target::new(shell);
            let input = [input.as_bytes(), half].concat();
            let said = target.talk(&stock.boot(), &input);
            let last = said.lines().last().unwrap_or_default();
            assert!(last.starts_with("ZYMOGEN error "), "{shell}: {said}");
            assert_eq!(said.lines().count(), 3, "{shell}: {said}");
            assert!(target.left().is_empty(), "{shell}: {:?}", target.left());
        }
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_during_the_transfer_is_told_and_emptied() {
    let mut stock = Stock::new();
    // Of an image that it knows nothing of the first stage takes 8 MiB to be enough.
    stock.image.resize(16 << 20, b'#');
    let boots = [
        connect::Boot::new("t", Vec::new()),
        connect::Boot::new("t", Vec::new()).leave_nothing(),
    ];
    for shell in SHELLS {
        for (format, boot) in [(Format::Raw, &boots[0]), (Format::Gzip, &boots[1])] {
            stock.format = Some(format);
            let target = Target::new(shell);
            for name in ["var-tmp", "tmp", "shm"] {
                std::fs::remove_dir(target.at(name)).expect("a directory");
                std::fs::write(target.at(name), "").expect("a file in its place");
            }
            // The only place. What is left there is said at the end.
            let home = target.at("home").display().to_string();
            let target = target.mounting(&format!(
                "mount -t tmpfs -o size=10m,mode=755 none {home} && \
                 {{ \"$@\"; echo \"left: $(find {home} -type f)\" >&2; exit 1; }}"
            ));
            let error = target.start_with(&stock, boot).await.expect_err(shell);
            assert_eq!(error.phase, Phase::Image, "{shell}: {error}");
            assert!(
                matches!(&*error.cause, Cause::Stage { step, .. } if step == "transfer"),
                "{shell}: {error}"
            );
            assert!(error.said.contains(&"left:".to_owned()), "{:?}", error.said);
        }
    }
}

#[tokio::test]
async fn a_machine_without_a_digest_program_says_so() {
    let usual = "dash cat chmod head id ls mkdir mktemp mv rm tail df";
    let usual: Vec<_> = usual.split(' ').collect();
    let target = Target::with_programs("dash", &usual);
    let error = target.start(&Stock::new()).await.expect_err("no digest");
    assert!(error.to_string().contains("sha256sum"), "{error}");
    assert!(target.left().is_empty());
}

#[tokio::test]
async fn a_machine_with_few_programs_will_do() {
    // Neither mktemp, df, gzip, zstd nor find.
    let usual = "dash cat chmod head id ls mkdir mv rm rmdir openssl";
    let usual: Vec<_> = usual.split(' ').collect();
    for leave_nothing in [false, true] {
        let (target, stock) = (Target::with_programs("dash", &usual), Stock::new());
        let mut boot = stock.boot();
        if leave_nothing {
            boot = boot.leave_nothing();
        }
        finish(target.start_with(&stock, &boot).await.expect("a start")).await;
        assert_eq!(target.left().is_empty(), leave_nothing);
    }
}

#[tokio::test]
async fn concurrent_first_connections_share_one_image() {
    for shell in ["dash", "busybox"] {
        let (target, stock) = (Target::new(shell), Stock::new());
        let starts = std::iter::repeat_with(|| target.start(&stock)).take(4);
        let mut starts = starts.collect::<Vec<_>>().into_iter();
        let mut next = || starts.next().expect("four starts");
        let (a, b, c, d) = tokio::join!(next(), next(), next(), next());
        for started in [a, b, c, d] {
            finish(started.expect(shell)).await;
        }
        assert_eq!(target.left(), [stock.file_name()]);
    }
}

#[tokio::test]
async fn images_that_nobody_used_for_a_month_go() {
    let (target, old, stock) = (Target::new("sh"), Stock::of("#!/bin/sh\n"), Stock::new());
    let recent = Stock::of("#!/bin/sh\n:\n");
    let path = old.install(&target.cache());
    recent.install(&target.cache());
    let touched = std::process::Command::new("touch")
        .args(["-d", "40 days ago"])
        .arg(&path)
        .status();
    assert!(touched.expect("touch").success());
    finish(target.start(&stock).await.expect("a start")).await;
    let mut left = target.left();
    left.sort();
    let mut expected = [stock.file_name(), recent.file_name()];
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn without_a_cache_nothing_is_left() {
    for shell in SHELLS {
        let (target, stock) = (Target::new(shell), Stock::new());
        // Not even an image that is there is used.
        let path = stock.install(&target.cache());
        let boot = stock.boot().leave_nothing();
        let started = target.start_with(&stock, &boot).await.expect(shell);
        assert!(started.sent.is_some(), "{shell}");
        finish(started).await;
        std::fs::remove_file(path).expect("the image");
        assert!(target.left().is_empty(), "{shell}: {:?}", target.left());
    }
}

#[test]
fn without_a_cache_a_failure_leaves_nothing_either() {
    let boot = Stock::new().boot().leave_nothing();
    for shell in SHELLS {
        let target = Target::new(shell);
        let said = target.talk(&boot, b"none 3 abc\nxyz");
        assert!(said.contains("ZYMOGEN error digest"), "{shell}: {said}");
        assert!(target.left().is_empty(), "{shell}: {:?}", target.left());
    }
}
