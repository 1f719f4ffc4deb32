//! Containers of all kinds. Those of `incus`, `lxd` and `kubectl` are tested here only, against what their documentation
//! says: `incus exec [REMOTE:]INSTANCE [flags] -- COMMAND`, `lxc exec` alike, and
//! `kubectl exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND`.

use super::{command, launched, refused};
use connect::Bandwidth;

#[test]
fn docker_and_podman_are_alike() {
    assert_eq!(command("docker:web"), "docker exec -i web STAGE");
    assert_eq!(command("podman:web"), "podman exec -i web STAGE");
    assert_eq!(
        command("docker:app@web?host=unix:///run/other.sock"),
        "docker --host unix:///run/other.sock exec -i -u app web STAGE"
    );
    assert_eq!(
        command("podman:1000:1000@web?host=ssh://box/run/podman.sock"),
        "podman --url ssh://box/run/podman.sock exec -i -u 1000:1000 web STAGE"
    );
    assert_eq!(launched("docker:web").bandwidth, Bandwidth::Cheap);
    assert_eq!(
        launched("docker:web?host=tcp://box").bandwidth,
        Bandwidth::Dear
    );
    assert!(refused("docker").contains("it needs a container"));
    for text in ["docker:--privileged", "docker:@web", "docker:-x@web"] {
        assert!(refused(text).contains("is no name"), "{text}");
    }
}

#[test]
fn lxc_is_attached_to() {
    assert_eq!(command("lxc:web"), "lxc-attach -n web --clear-env -- STAGE");
    assert_eq!(
        command("lxc:web?path=/srv/lxc"),
        "lxc-attach -n web -P /srv/lxc --clear-env -- STAGE"
    );
    assert!(refused("lxc").contains("it needs a container"));
}

#[test]
fn incus_and_lxd_exec_without_a_terminal() {
    assert_eq!(
        command("incus:box:web"),
        "incus exec box:web --mode=non-interactive -- STAGE"
    );
    assert_eq!(
        command("incus:web?project=shop&user=1000"),
        "incus exec web --project shop --user 1000 --mode=non-interactive -- STAGE"
    );
    assert_eq!(
        command("lxd:web?project=shop"),
        "lxc exec web --project shop --mode=non-interactive -- STAGE"
    );
    assert!(refused("incus:web?user=app").contains("the number of a user is expected"));
    assert!(refused("lxd").contains("it needs an instance"));
}

#[test]
fn kubectl_execs_with_its_standard_input() {
    assert_eq!(command("kubectl:web"), "kubectl exec --stdin web -- STAGE");
    assert_eq!(
        command(
            "kubectl:deployment/web?namespace=shop&container=app&context=test&kubeconfig=/etc/kube"
        ),
        "kubectl --kubeconfig=/etc/kube --context=test --namespace=shop exec --stdin deployment/web --container=app -- STAGE"
    );
    assert_eq!(launched("kubectl:web").bandwidth, Bandwidth::Dear);
    assert!(refused("kubectl").contains("it needs a pod"));
}
