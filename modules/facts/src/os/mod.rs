//! From the assignments of /etc/os-release to what a plan asks about.

use crate::Os;

/// Ids by which a family is known, and the family's name. Derivatives name them in `ID_LIKE`.
const FAMILIES: &[(&str, &str)] = &[
    ("debian", "debian"),
    ("ubuntu", "debian"),
    ("raspbian", "debian"),
    ("rhel", "redhat"),
    ("fedora", "redhat"),
    ("centos", "redhat"),
    ("rocky", "redhat"),
    ("almalinux", "redhat"),
    ("amzn", "redhat"),
    ("ol", "redhat"),
    ("suse", "suse"),
    ("opensuse", "suse"),
    ("opensuse-leap", "suse"),
    ("opensuse-tumbleweed", "suse"),
    ("sles", "suse"),
    ("sled", "suse"),
    ("arch", "arch"),
    ("manjaro", "arch"),
    ("alpine", "alpine"),
    ("gentoo", "gentoo"),
];

pub fn describe(os_release: &[(String, String)]) -> Os {
    let value = |key: &str| {
        let found = os_release.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let id = value("ID");
    Os {
        family: family(&id, &value("ID_LIKE")).to_owned(),
        version: value("VERSION_ID"),
        codename: value("VERSION_CODENAME"),
        pretty_name: value("PRETTY_NAME"),
        id,
    }
}

/// The distribution's own id decides first; `like` names its relatives, the closest first.
fn family<'a>(id: &'a str, like: &'a str) -> &'a str {
    std::iter::once(id)
        .chain(like.split_whitespace())
        .find_map(|name| {
            FAMILIES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, family)| *family)
        })
        .unwrap_or(id)
}

#[cfg(test)]
mod tests;
