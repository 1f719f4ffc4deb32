//! A file system that is full: a small one, mounted where nobody else sees it, for this test run anew by itself.

use crate::support::{digest, plan};
use files::{Access, FileError, Plan, Registry, Writer};
use std::path::PathBuf;
use std::process::Command;

const MOUNTED: &str = "ZYMOGEN_TEST_MOUNTED";
/// Of the file system.
const SIZE: usize = 64 << 10;

#[test]
fn a_full_disk_is_told_and_what_fits_is_kept_for_a_later_attempt() {
    if let Some(mounted) = std::env::var_os(MOUNTED) {
        return fill(mounted.into());
    }
    let dir = tempfile::tempdir().unwrap();
    let script = format!("mount -t tmpfs -o size={SIZE} none \"${MOUNTED}\" && exec \"$@\"");
    let name = std::thread::current().name().unwrap().to_owned();
    let run = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &name])
        .env(MOUNTED, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    // Had the name not been found, nothing would have been run.
    assert!(run.status.success() && said.contains("1 passed"), "{run:?}");
}

fn fill(directory: PathBuf) {
    let mut registry = Registry::new();
    registry.offer_prefix(&directory, Access::Write).unwrap();
    let path = directory.join("a");
    let content = vec![7; SIZE * 2];
    for (resume, left) in [(false, 0), (true, 1)] {
        let plan = Plan {
            resume,
            ..plan(content.len())
        };
        let mut writer = Writer::open(&registry, &path, &plan).unwrap();
        let error = writer.write(&content).unwrap_err();
        let FileError::Io { source, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        let had = writer.offset();
        assert!(had > 0 && had <= SIZE as u64, "{had}");
        drop(writer);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), left);
    }
    // A smaller content takes the room that the part has.
    let writer = Writer::open(&registry, &path, &plan(4));
    let mut writer = writer.unwrap();
    writer.write(b"four").unwrap();
    writer.finish(digest(b"four")).unwrap();
}
