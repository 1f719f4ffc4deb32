//! What users may write, and what becomes of it.

use super::{ContextSpec, launch};
use connect::{Bandwidth, Boot};

fn refused(text: &str) -> String {
    text.parse::<ContextSpec>().expect_err(text).to_string()
}

#[test]
fn local_is_the_first_stage_itself() {
    let spec: ContextSpec = "local".parse().expect("a context");
    assert_eq!(spec.to_string(), "local");
    let boot = Boot::new("u@h:1", Vec::new());
    let launch = launch(spec.hops().next().expect("a hop"), &boot);
    assert_eq!(launch.hop, "local");
    assert_eq!(launch.argv, boot.argv());
    assert_eq!(launch.bandwidth, Bandwidth::Cheap);
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    assert_eq!(
        refused("ssh:web1"),
        "there is no way to connect called `ssh`; there is: local"
    );
    assert_eq!(refused("local:x"), "`local:x`: it takes no argument");
    let spec: ContextSpec = "local, local".parse().expect("two hops");
    assert_eq!(
        (spec.hops().len(), spec.to_string().as_str()),
        (2, "local,local")
    );
    assert!(refused(&vec!["local"; 33].join(",")).contains("more than 32 hops"));
    assert!(refused("local,docker:app").contains("`docker`"));
    for text in ["", "local,", ":x"] {
        assert!(refused(text).contains("lacks one"), "{text}");
    }
}
