//! Files of accounts as machines have them.

use super::{groups, memberships, users};

const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
    ada:x:1000:1000:Ada L\xf6velace,,,:/home/ada:/bin/zsh\n\
    +::::::\n\
    # nobody\n\
    short:x:7:8\n\
    wrong:x:9:none:::\n";

const GROUP: &[u8] = b"root:x:0:\n\
    wheel:x:10:root, ada,\n\
    ada:x:1000:\n\
    short:x:8:ada,short\n\
    cut:x:11\n";

#[test]
fn a_user_is_a_line_with_two_numbers() {
    let found: Vec<_> = users(PASSWD).collect();
    let names: Vec<_> = found.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["root", "ada", "short"]);
    let ada = &found[1];
    assert_eq!((ada.uid, ada.gid), (1000, 1000));
    assert_eq!(ada.comment, "Ada L\u{fffd}velace,,,");
    assert_eq!(
        (ada.home.as_str(), ada.shell.as_str()),
        ("/home/ada", "/bin/zsh")
    );
    assert_eq!((found[2].home.as_str(), found[2].shell.as_str()), ("", ""));
}

#[test]
fn members_are_names() {
    let members: Vec<_> = groups(GROUP).map(|group| group.members).collect();
    let none: [&str; 0] = [];
    assert_eq!(members[0], none);
    assert_eq!(members[1], ["root", "ada"]);
    assert_eq!(members[4], none);
}

#[test]
fn the_first_group_comes_first_and_once() {
    assert_eq!(memberships(PASSWD, GROUP, "ada"), ["ada", "wheel", "short"]);
    assert_eq!(memberships(PASSWD, GROUP, "short"), ["short"]);
    let none: [&str; 0] = [];
    assert_eq!(memberships(PASSWD, GROUP, "nobody"), none);
}
