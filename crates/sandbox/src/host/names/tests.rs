//! Lines of /etc/passwd as they are found on old machines.

use super::entries;

#[test]
fn one_line_that_is_no_text_hides_no_other() {
    let file =
        b"root:x:0:0:root:/root:/bin/sh\nada:x:7:7:Ren\xe9e:/:/bin/sh\nbad\n\nbob:x:8:8::/:\n";
    let found: Vec<_> = entries(file).map(|(name, id, _)| (name, id)).collect();
    assert_eq!(found, [(&b"root"[..], 0), (b"ada", 7), (b"bob", 8)]);
}
