//! How commands look in messages.

use super::line;

#[test]
fn quotes_only_the_words_that_need_it() {
    let argv = ["grep", "-e", "a b", "", "it's", "/etc/x.conf"].map(String::from);
    assert_eq!(line(&argv), r"grep -e 'a b' '' 'it'\''s' /etc/x.conf");
}
