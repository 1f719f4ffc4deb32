//! Contexts in other root directories: `chroot`, and `nsenter` into something like a container.

use crate::support::add_in;
use crate::support::machine::{ENOUGH, busybox};
use crate::support::service::{Service, sh};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A root directory with a shell, and one without.
fn roots() -> (TempDir, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (root, bare) = (at("root"), at("bare"));
    sh(r#"chmod 755 "$1""#, &[directory.path().to_str().unwrap()]);
    busybox(Path::new(&root), &ENOUGH);
    busybox(Path::new(&bare), &["sleep"]);
    (directory, root, bare)
}

#[test]
fn a_root_directory_is_a_system_with_and_without_proc() {
    let (_directory, root, bare) = roots();
    let dev = Path::new(&root).join("dev");
    std::fs::rename(&dev, dev.with_extension("away")).unwrap();
    add_in(&format!("chroot:{root}"), &[]).unreachable(
        &format!("chroot:{root}: first stage"),
        "(cache)",
        "there is no /dev/null: mount /dev there",
    );
    std::fs::rename(dev.with_extension("away"), &dev).unwrap();
    for options in ["", "?user=app", "?user=1000:1000"] {
        add_in(&format!("chroot:{root}{options}"), &[])
            .status(0)
            .stdout("3\n");
    }
    // Nobody but the test has this mount.
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-euc"])
        .arg(r#"mount -t proc proc "$1/proc"; echo > "$1/mounted"; exec sleep 1000"#)
        .args(["sh", &root]);
    let mut machine = Service::start(command, &Path::new(&root).join("log"));
    let mounted = Path::new(&root).join("mounted");
    machine.until(|_| mounted.exists());
    let pid = machine.pid();
    add_in(&format!("nsenter:{pid},chroot:{root}"), &[])
        .status(0)
        .stdout("3\n");
    let check = |hop: &str, phase: &str, said: &str, hint: &str| {
        let name = hop.split('?').next().unwrap();
        add_in(hop, &[]).unreachable(&format!("{name}: {phase}"), said, hint);
    };
    check(
        &format!("chroot:{bare}"),
        "first stage",
        "No such file or directory",
        "there is no `sh`",
    );
    check(
        &format!("chroot:{root}/none"),
        "resolve",
        "cannot change root directory",
        "there is no such directory",
    );
    check(
        &format!("chroot:{root}?user=nobody-here"),
        "resolve",
        "invalid user",
        "no such user",
    );
}

#[test]
fn a_process_leads_into_its_container() {
    let (_directory, root, bare) = roots();
    let contained = |root: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--net", "--uts", "--ipc", "--fork"]);
        command.args(["--kill-child", "--propagation", "private"]);
        command.args(["sh", "-euc", CONTAINER, "sh", root]);
        let log = Path::new(root).join("log");
        let mut service = Service::start(command, &log).stubborn();
        service.until(|service| service.child("/bin/sleep").is_some());
        let inside = service.child("/bin/sleep").unwrap();
        (service, inside)
    };
    let (_container, inside) = contained(&root);
    add_in(&format!("nsenter:{inside}"), &[])
        .status(0)
        .stdout("3\n");
    let (_barren, inside) = contained(&bare);
    add_in(&format!("nsenter:{inside}"), &[]).unreachable(
        &format!("nsenter:{inside}: first stage"),
        "failed to execute sh",
        "has no `sh`",
    );
    // Numbers of processes end below that.
    add_in("nsenter:4194305", &[]).unreachable(
        "nsenter:4194305: resolve",
        "No such file or directory",
        "no such process",
    );
}

/// Makes `$1` the root of a process that goes on as something else.
const CONTAINER: &str = r#"
    mount --bind "$1" "$1"
    cd "$1"
    mount -t proc proc proc
    exec chroot . /bin/sleep 1000
"#;
