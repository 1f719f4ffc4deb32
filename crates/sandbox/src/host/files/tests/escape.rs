//! A guest that tries to get out of its grants by replacing what they name.

use super::*;

const SECRET: &str = "/outside/secret";

/// What the grants do not name, and what may not happen to it.
fn disk() -> Disk {
    let disk = Disk::new();
    disk.directory("/outside");
    disk.file(SECRET, "secret");
    disk
}

/// Neither reads nor writes what is outside, by the way `link`, which leads there.
#[track_caller]
fn assert_closed(disk: &Disk, guest: &mut Guest, link: &str) {
    let secret = disk.at(&format!("{link}/secret"));
    let new = disk.at(&format!("{link}/new"));
    run(async {
        for answer in [
            answer!(guest.read(secret.clone(), 100)).map(|_| ()),
            answer!(guest.digest(secret.clone())).map(|_| ()),
            answer!(guest.stat(secret.clone()))
                .and_then(|found| found.map(|_| ()).ok_or(Error::NotFound(String::new()))),
            answer!(guest.entries(disk.at(link))).map(|_| ()),
            answer!(guest.touch(new.clone())),
            answer!(guest.make_directory(new.clone(), NO_ATTRIBUTES)),
            answer!(guest.replace(secret.clone(), Content::Bytes(vec![]), NO_ATTRIBUTES)),
            answer!(guest.make_hard_link(new.clone(), secret.clone())),
            answer!(guest.remove(secret.clone(), false)),
        ] {
            assert!(answer.is_err(), "it went through {link}");
        }
    });
    let content = std::fs::read_to_string(disk.at(SECRET)).unwrap();
    assert_eq!(content, "secret");
    assert!(!disk.there("/outside/new"));
}

#[test]
fn a_file_that_becomes_a_link() {
    let disk = disk();
    disk.file("/motd", "hello");
    let mut guest = disk.guest(&["write:/motd"]);
    run(async {
        answer!(guest.make_symlink(disk.at("/motd"), disk.at("/outside"))).unwrap();
    });
    assert_closed(&disk, &mut guest, "/motd");
}

#[test]
fn a_directory_that_becomes_a_link() {
    let disk = disk();
    disk.directory("/app/conf");
    let mut guest = disk.guest(&["write:/app"]);
    run(async {
        answer!(guest.remove(disk.at("/app"), true)).unwrap();
        answer!(guest.make_symlink(disk.at("/app"), disk.at("/outside"))).unwrap();
    });
    assert_closed(&disk, &mut guest, "/app");
}

#[test]
fn a_root_that_was_missing_becomes_a_link() {
    let disk = disk();
    let mut guest = disk.guest(&["write:/new/app"]);
    run(async {
        answer!(guest.make_directory(disk.at("/new/app"), NO_ATTRIBUTES)).unwrap();
        answer!(guest.remove(disk.at("/new/app"), false)).unwrap();
        answer!(guest.make_symlink(disk.at("/new/app"), disk.at("/outside"))).unwrap();
    });
    assert_closed(&disk, &mut guest, "/new/app");
}

/// The way to the inner root is the guest's, because the outer one is.
#[test]
fn the_way_from_an_outer_grant_to_an_inner_one_becomes_a_link() {
    for inner in ["write:/a/b/c", "read:/a/b/c"] {
        let disk = disk();
        disk.directory("/a/b/c");
        disk.directory("/elsewhere");
        disk.link("/elsewhere/c", "/outside");
        let grants = ["write:/a", inner];
        let mut guest = disk.guest(&grants);
        run(async {
            answer!(guest.remove(disk.at("/a/b"), true)).unwrap();
            answer!(guest.make_symlink(disk.at("/a/b"), disk.at("/elsewhere"))).unwrap();
        });
        assert_closed(&disk, &mut guest, "/a/b/c");
        // Nor does the next call take for the operator's what this one left.
        assert_closed(&disk, &mut disk.guest(&grants), "/a/b/c");
    }
}

#[test]
fn a_link_that_an_earlier_call_left() {
    let disk = disk();
    disk.link("/motd", "/outside");
    assert_closed(&disk, &mut disk.guest(&["write:/motd"]), "/motd");
}

#[test]
fn a_link_inside_a_grant() {
    let disk = disk();
    disk.directory("/app");
    let mut guest = disk.guest(&["write:/app", "read:/app"]);
    run(async {
        answer!(guest.make_symlink(disk.at("/app/l"), disk.at("/outside"))).unwrap();
    });
    assert_closed(&disk, &mut guest, "/app/l");
}

/// The same directory under two names: the way to the second root goes through the first.
#[test]
fn an_inner_grant_by_another_name() {
    let disk = disk();
    disk.directory("/a/b");
    disk.file("/a/b/secret", "mine");
    disk.link("/alias", "/a");
    let mut guest = disk.guest(&["write:/a", "read:/alias/b"]);
    run(async {
        answer!(guest.remove(disk.at("/a/b"), true)).unwrap();
        answer!(guest.make_symlink(disk.at("/a/b"), disk.at("/outside"))).unwrap();
    });
    assert_closed(&disk, &mut guest, "/alias/b");
}

#[tokio::test]
async fn links_of_the_operator_go_on_working() {
    let disk = Disk::new();
    disk.directory("/run");
    disk.file("/run/pid", "17");
    disk.directory("/var");
    disk.link("/var/run", "/run");
    // On the way to a root that is written.
    let mut guest = disk.guest(&["write:/var/run/pid", "write:/var/run/new/file"]);
    assert_eq!(
        answer!(guest.read(disk.at("/var/run/pid"), 9)).unwrap(),
        b"17"
    );
    answer!(guest.touch(disk.at("/var/run/pid"))).unwrap();
    answer!(guest.make_directory(disk.at("/var/run/new/file"), NO_ATTRIBUTES)).unwrap();
    assert!(disk.there("/run/new/file"));
    // In place of a root that is read, and only what it leads to at the start.
    let mut guest = disk.guest(&["read:/var/run"]);
    assert_eq!(
        answer!(guest.read(disk.at("/var/run/pid"), 9)).unwrap(),
        b"17"
    );
    let found = answer!(guest.stat(disk.at("/var/run"))).unwrap().unwrap();
    assert_eq!(found.kind, Kind::Symlink);
}

#[tokio::test]
async fn a_link_in_place_of_a_written_root_is_named() {
    let disk = disk();
    disk.link("/motd", "/outside");
    let mut guest = disk.guest(&["write:/motd"]);
    let answer = answer!(guest.read(disk.at("/motd/secret"), 9));
    assert!(
        matches!(&answer, Err(Error::WrongKind(why)) if why.contains("link")),
        "{answer:?}"
    );
}
