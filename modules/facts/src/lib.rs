//! The task `facts`: what machine this is.

mod network;
mod os;

use guest_sdk::system::{self, Info};

guest_sdk::task! {
    wit: "wit/facts.wit",
    world: "zymogen:std-facts/facts",
    exports: zymogen::std_facts,
}

// Facts change nothing, so that both modes do the same; and there is nothing that could fail.
#[expect(clippy::unnecessary_wraps, reason = "the contract's shape")]
fn run(params: Params, _: Mode) -> Result<Report, Failure> {
    let Params { filter } = params;
    Ok(report(system::read(), filter.as_deref()))
}

fn report(info: Info, filter: Option<&[Group]>) -> Report {
    let wanted = |group: Group| filter.is_none_or(|groups| groups.contains(&group));
    let os = wanted(Group::Os).then(|| os::describe(&info.os_release));
    let summary = match &os {
        Some(os) if !os.pretty_name.is_empty() => format!("{}, {}", os.pretty_name, info.machine),
        _ => format!("{}, {}", info.kernel, info.machine),
    };
    Report {
        outcome: Outcome::unchanged(summary),
        hostname: info.hostname,
        machine: info.machine,
        cpus: info.cpus,
        memory_bytes: info.memory_bytes,
        swap_bytes: info.swap_bytes,
        uptime_seconds: info.uptime_seconds,
        os,
        kernel: wanted(Group::Kernel).then_some(Kernel {
            name: info.kernel,
            release: info.kernel_release,
            version: info.kernel_version,
        }),
        user: wanted(Group::User).then_some(User {
            uid: info.uid,
            name: info.user,
        }),
        addresses: wanted(Group::Addresses).then(|| network::addresses(info.addresses)),
        mounts: wanted(Group::Mounts).then(|| info.mounts.into_iter().map(mount).collect()),
    }
}

fn mount(mount: system::Mount) -> Mount {
    Mount {
        device: mount.device,
        path: mount.path,
        filesystem: mount.filesystem,
        size_bytes: mount.size_bytes,
        available_bytes: mount.available_bytes,
    }
}

#[cfg(test)]
mod tests;
