//! Extended attributes on a real disk.

use super::*;

/// The system's temporary directory may be on a file system without them; the build's is where the tests of this project
/// run, and they need one that has `user.*`.
fn disk() -> Disk {
    Disk(tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap())
}

#[tokio::test]
async fn an_attribute_is_set_read_listed_and_removed() {
    let disk = disk();
    disk.file("/f", "text");
    let mut guest = disk.guest(&["write:/f"]);
    let (path, name) = (disk.at("/f"), "user.zymogen".to_owned());
    let get = answer!(guest.get_xattr(path.clone(), name.clone()));
    assert_eq!(get.unwrap(), None);
    for value in [b"one".to_vec(), b"\0\xff".to_vec(), Vec::new()] {
        answer!(guest.set_xattr(path.clone(), name.clone(), value.clone())).unwrap();
        let get = answer!(guest.get_xattr(path.clone(), name.clone()));
        assert_eq!(get.unwrap(), Some(value));
    }
    let names = answer!(guest.list_xattrs(path.clone())).unwrap();
    assert!(names.contains(&name), "{names:?}");
    answer!(guest.remove_xattr(path.clone(), name.clone())).unwrap();
    let again = answer!(guest.remove_xattr(path.clone(), name.clone()));
    assert!(matches!(again, Err(Error::NotFound(_))), "{again:?}");
}

#[tokio::test]
async fn reading_needs_its_grant_and_writing_another() {
    let disk = disk();
    disk.file("/f", "text");
    let (path, name) = (disk.at("/f"), "user.zymogen".to_owned());
    let mut guest = disk.guest(&["read:/f"]);
    answer!(guest.get_xattr(path.clone(), name.clone())).unwrap();
    let set = answer!(guest.set_xattr(path.clone(), name.clone(), Vec::new()));
    assert!(matches!(set, Err(Error::Denied(_))), "{set:?}");
    let remove = answer!(guest.remove_xattr(path.clone(), name.clone()));
    assert!(matches!(remove, Err(Error::Denied(_))), "{remove:?}");
    let mut nobody = disk.guest(&[]);
    let get = answer!(nobody.get_xattr(path.clone(), name));
    assert!(matches!(get, Err(Error::Denied(_))), "{get:?}");
    let list = answer!(nobody.list_xattrs(path));
    assert!(matches!(list, Err(Error::Denied(_))), "{list:?}");
}

/// The attribute would otherwise be that of the file to which the link leads.
#[tokio::test]
async fn a_link_is_not_followed() {
    let disk = disk();
    disk.file("/outside", "text");
    disk.directory("/d");
    disk.link("/d/link", "/outside");
    let name = "user.zymogen".to_owned();
    let mut owner = disk.guest(&["write:/outside"]);
    answer!(owner.set_xattr(disk.at("/outside"), name.clone(), b"x".to_vec())).unwrap();
    let mut guest = disk.guest(&["write:/d"]);
    let get = answer!(guest.get_xattr(disk.at("/d/link"), name.clone()));
    assert!(!matches!(get, Ok(Some(_))), "{get:?}");
    // A link has no `user.*` of its own.
    let set = answer!(guest.set_xattr(disk.at("/d/link"), name.clone(), b"y".to_vec()));
    assert!(set.is_err());
    let names = answer!(guest.list_xattrs(disk.at("/d/link"))).unwrap();
    assert!(!names.contains(&name), "{names:?}");
    let get = answer!(owner.get_xattr(disk.at("/outside"), name));
    assert_eq!(get.unwrap(), Some(b"x".to_vec()));
}

#[tokio::test]
async fn what_cannot_be_one_is_refused_in_words() {
    let disk = disk();
    disk.file("/f", "text");
    let path = disk.at("/f");
    let mut guest = disk.guest(&["write:/f"]);
    let long = answer!(guest.set_xattr(path.clone(), "user.x".to_owned(), vec![0; 65_537]));
    assert!(matches!(long, Err(Error::TooLarge(65_536))), "{long:?}");
    for name in ["", "user.\0", &"user.x".repeat(50)] {
        let get = answer!(guest.get_xattr(path.clone(), name.to_owned()));
        assert!(matches!(get, Err(Error::Io(_))), "{name:?}: {get:?}");
    }
    let unknown = answer!(guest.set_xattr(path, "nonsense.x".to_owned(), Vec::new()));
    assert!(matches!(unknown, Err(Error::Unsupported(_))), "{unknown:?}");
}
