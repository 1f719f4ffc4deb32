//! Where the image goes: the first directory that is private, has room and lets programs start.

use crate::support::{SHELLS, Stock, Target, finish, mode, set_mode};
use std::path::PathBuf;

/// Connects, and tells where the image is then.
async fn place(target: &Target) -> PathBuf {
    let stock = Stock::new();
    finish(target.start(&stock).await.expect("a start")).await;
    // It must be found there again.
    let again = target.start(&stock).await.expect("a second start");
    assert_eq!(again.sent, None);
    finish(again).await;
    let uid = rustix::process::geteuid().as_raw();
    let shared = format!("zymogen-{uid}");
    let places = [
        target.at("xdg/zymogen"),
        target.cache(),
        target.at("var-tmp").join(&shared),
        target.at("tmp").join(&shared),
        target.at("shm").join(&shared),
    ];
    let holds = |dir: &&PathBuf| dir.join(stock.file_name()).exists();
    let found: Vec<_> = places.iter().filter(holds).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn in_var_tmp(target: &Target) -> PathBuf {
    let uid = rustix::process::geteuid().as_raw();
    target.at("var-tmp").join(format!("zymogen-{uid}"))
}

fn must_be_root() {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test gives files away: run it as root"
    );
}

#[tokio::test]
async fn the_users_cache_directory_comes_first() {
    let target = Target::new("sh");
    let xdg = target.at("xdg");
    std::fs::create_dir(&xdg).expect("a directory");
    let target = target.env("XDG_CACHE_HOME", &xdg.display().to_string());
    assert_eq!(place(&target).await, xdg.join("zymogen"));
}

#[tokio::test]
async fn a_relative_or_missing_one_is_passed_over() {
    for value in ["cache", "/nonexistent/cache", ""] {
        let target = Target::new("sh").env("XDG_CACHE_HOME", value);
        assert_eq!(place(&target).await, target.cache());
    }
}

#[tokio::test]
async fn no_home() {
    for shell in SHELLS {
        let target = Target::new(shell).without_home().behind("cd /dev/shm");
        let target = target.env("PWD_IS", "irrelevant");
        assert_eq!(place(&target).await, in_var_tmp(&target), "{shell}");
        let _ = std::fs::remove_file("/dev/shm/received");
    }
}

#[tokio::test]
async fn a_home_that_takes_no_files() {
    for shell in SHELLS {
        // Not even root can make a directory there.
        let target = Target::new(shell).env("HOME", "/proc").behind("cd /");
        let stock = Stock::of(&crate::support::stand_in("HOME=/dev/shm"));
        let started = target.start(&stock).await.expect(shell);
        finish(started).await;
        assert!(
            in_var_tmp(&target).join(stock.file_name()).exists(),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn a_home_that_is_read_only() {
    let target = Target::new("sh");
    let home = target.at("home").display().to_string();
    let target = target.mounting(&format!("mount -t tmpfs -o ro,mode=755 none {home}"));
    let stock = Stock::of(&crate::support::stand_in("HOME=/dev/shm"));
    finish(target.start(&stock).await.expect("a start")).await;
    assert!(in_var_tmp(&target).join(stock.file_name()).exists());
}

#[tokio::test]
async fn a_home_where_nothing_can_be_started() {
    for shell in SHELLS {
        let target = Target::new(shell);
        let home = target.at("home").display().to_string();
        let target = target.mounting(&format!("mount -t tmpfs -o noexec,mode=755 none {home}"));
        assert_eq!(place(&target).await, in_var_tmp(&target), "{shell}");
    }
}

#[tokio::test]
async fn a_full_disk() {
    for shell in SHELLS {
        let target = Target::new(shell);
        let home = target.at("home").display().to_string();
        let target = target.mounting(&format!(
            "mount -t tmpfs -o size=64k,mode=755 none {home}; head -c 65536 /dev/zero > {home}/full || true"
        ));
        let stock = Stock::of(&crate::support::stand_in("HOME=/dev/shm"));
        finish(target.start(&stock).await.expect(shell)).await;
        assert!(
            in_var_tmp(&target).join(stock.file_name()).exists(),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn a_directory_that_others_may_write_is_refused() {
    for shell in SHELLS {
        for mode in [0o777, 0o770, 0o702, 0o1777] {
            let (target, trap) = (Target::new(shell), Stock::new());
            trap.install(&target.cache());
            set_mode(&target.cache(), mode);
            let started = target.start(&trap).await.expect(shell);
            assert!(started.sent.is_some(), "{shell} took it from mode {mode:o}");
            finish(started).await;
            assert!(
                in_var_tmp(&target).join(trap.file_name()).exists(),
                "{shell}"
            );
        }
    }
}

#[tokio::test]
async fn a_directory_that_others_could_only_read_becomes_private() {
    for shell in SHELLS {
        let (target, stock) = (Target::new(shell), Stock::new());
        stock.install(&target.cache());
        set_mode(&target.cache(), 0o755);
        finish(target.start(&stock).await.expect(shell)).await;
        assert_eq!(mode(&target.cache()), 0o700, "{shell}");
        assert_eq!(target.left(), [stock.file_name()], "{shell}");
    }
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_refused() {
    must_be_root();
    for shell in SHELLS {
        let (target, trap) = (Target::new(shell), Stock::new());
        trap.install(&target.cache());
        std::os::unix::fs::chown(target.cache(), Some(65534), None).expect("chown");
        let started = target.start(&trap).await.expect(shell);
        assert!(started.sent.is_some(), "{shell}");
        finish(started).await;
        assert!(
            in_var_tmp(&target).join(trap.file_name()).exists(),
            "{shell}"
        );
    }
}

#[tokio::test]
async fn nothing_is_made_in_the_home_of_somebody_else() {
    must_be_root();
    let (target, stock) = (Target::new("sh"), Stock::new());
    std::os::unix::fs::chown(target.at("home"), Some(65534), None).expect("chown");
    finish(target.start(&stock).await.expect("a start")).await;
    assert!(!target.at("home/.cache").exists());
    assert!(in_var_tmp(&target).join(stock.file_name()).exists());
}

#[tokio::test]
async fn a_directory_behind_a_link_is_refused() {
    for shell in SHELLS {
        let (target, trap) = (Target::new(shell), Stock::new());
        trap.install(&target.at("elsewhere"));
        std::fs::create_dir(target.at("home/.cache")).expect("a directory");
        std::os::unix::fs::symlink(target.at("elsewhere"), target.cache()).expect("a link");
        let started = target.start(&trap).await.expect(shell);
        assert!(started.sent.is_some(), "{shell}");
        finish(started).await;
    }
}

#[tokio::test]
async fn a_shared_directory_needs_the_sticky_bit_unless_it_is_ours() {
    must_be_root();
    let (target, stock) = (Target::new("sh"), Stock::new());
    let target = target.without_home().behind("cd /dev/shm");
    set_mode(&target.at("var-tmp"), 0o777);
    std::os::unix::fs::chown(target.at("var-tmp"), Some(65534), None).expect("chown");
    finish(target.start(&stock).await.expect("a start")).await;
    assert!(!in_var_tmp(&target).exists());
}

#[tokio::test]
async fn nowhere_at_all() {
    for shell in SHELLS {
        let (target, stock) = (Target::new(shell), Stock::new());
        let target = target.env("HOME", "/proc");
        for name in ["var-tmp", "tmp", "shm"] {
            std::fs::remove_dir(target.at(name)).expect("a directory");
            std::fs::write(target.at(name), "").expect("a file in its place");
        }
        for boot in [stock.boot(), stock.boot().leave_nothing()] {
            let error = target.start_with(&stock, &boot).await.expect_err(shell);
            assert!(
                error.to_string().contains("no directory"),
                "{shell}: {error}"
            );
            assert!(error.to_string().contains("/proc"), "{shell}: {error}");
        }
    }
}
