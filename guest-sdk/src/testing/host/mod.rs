//! The stand-in's side of the contract: the same functions as the generated bindings, on the thread's machine.

pub mod files;

use super::{CURRENT, Machine};

/// Notes the call and lets it happen on the thread's machine.
fn on_machine<R>(call: String, act: impl FnOnce(&mut Machine) -> R) -> R {
    CURRENT.with_borrow_mut(|current| {
        let machine = current
            .as_mut()
            .expect("host calls of a native test belong inside `Machine::run`");
        machine.journal.push(call);
        act(machine)
    })
}

/// As the interface `command`.
pub mod command {
    use super::on_machine;
    use crate::Mode;
    use crate::bindings::zymogen::task::command::{Chunk, Error, Finished, Request, Status};
    use std::cell::RefCell;
    use std::collections::VecDeque;

    /// A program that has ended before anybody looks: it says all that the machine knows of it.
    pub struct Process {
        left: RefCell<VecDeque<Chunk>>,
        status: Status,
    }

    impl Process {
        pub fn start(request: &Request) -> Result<Self, Error> {
            let Finished {
                status,
                stdout,
                stderr,
            } = run(request)?;
            let left = [Chunk::Stdout(stdout), Chunk::Stderr(stderr)];
            Ok(Self {
                left: RefCell::new(left.into()),
                status,
            })
        }

        pub fn read(&self) -> Result<Option<Chunk>, Error> {
            Ok(self.left.borrow_mut().pop_front())
        }

        pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
            let call = format!("input {}", String::from_utf8_lossy(bytes));
            on_machine(call, |_| Ok(()))
        }

        pub fn close_stdin(&self) {}

        pub fn wait(&self) -> Result<Status, Error> {
            Ok(self.status)
        }
    }

    pub fn run(request: &Request) -> Result<Finished, Error> {
        on_machine(format!("command {}", request.argv.join(" ")), |machine| {
            if machine.mode == Mode::Check {
                return Err(Error::Denied(
                    "nothing is executed in mode check".to_owned(),
                ));
            }
            let missing = || Error::NotFound("no such program".to_owned());
            machine
                .programs
                .get(&request.argv)
                .cloned()
                .ok_or_else(missing)
        })
    }
}

/// As the interface `sources`.
pub mod sources {
    use super::on_machine;
    use crate::bindings::zymogen::task::files::Error;

    pub fn read(digest: &str, limit: u64) -> Result<Vec<u8>, Error> {
        on_machine(format!("source {digest}"), |machine| {
            let content = machine.sources.get(digest);
            let content =
                content.ok_or_else(|| Error::Denied("no parameter names it".to_owned()))?;
            if content.len() as u64 > limit {
                return Err(Error::TooLarge(limit));
            }
            Ok(content.clone())
        })
    }
}

/// As the interface `secrets`.
pub mod secrets {
    use super::on_machine;
    use crate::bindings::zymogen::task::secrets::Error;

    pub fn get(name: &str) -> Result<String, Error> {
        on_machine(format!("secret {name}"), |machine| {
            let secret = machine.secrets.get(name).cloned();
            secret.ok_or_else(|| Error::Denied("no parameter names it".to_owned()))
        })
    }
}

/// As the interface `contexts`.
pub mod contexts {
    use super::on_machine;
    use crate::bindings::zymogen::task::contexts::Error;

    pub fn call(callee: &str, function: &str, arguments: &str) -> Result<String, Error> {
        on_machine(format!("call {callee} {function}{arguments}"), |machine| {
            let answer = machine.answer(callee, function);
            answer.ok_or_else(|| Error::Denied("no parameter names it".to_owned()))
        })
    }
}

/// As the interface `services`.
pub mod services {
    use super::on_machine;
    use crate::bindings::zymogen::task::services::Error;

    pub fn call(service: &str, method: &str, argument: &str) -> Result<String, Error> {
        on_machine(
            format!("service {service} {method} {argument}"),
            |machine| {
                let answer = machine.answer(service, method);
                answer.ok_or_else(|| Error::Denied("no parameter names it".to_owned()))
            },
        )
    }
}

/// As the interface `channels`. Nobody else is there: what was sent waits to be received, and where nothing waits nothing comes.
pub mod channels {
    use super::on_machine;
    use crate::bindings::zymogen::task::channels::Error;
    use std::collections::VecDeque;

    pub fn send(channel: &str, message: &[u8]) -> Result<(), Error> {
        on_machine(format!("send {channel}"), |machine| {
            let messages = machine.channels.entry(channel.to_owned()).or_default();
            messages.push_back(message.to_owned());
            Ok(())
        })
    }

    pub fn receive(channel: &str, _: Option<u64>) -> Result<Option<Vec<u8>>, Error> {
        on_machine(format!("receive {channel}"), |machine| {
            let messages = machine.channels.get_mut(channel);
            Ok(messages.and_then(VecDeque::pop_front))
        })
    }
}

/// As the interface `system`.
pub mod system {
    use super::on_machine;
    use crate::bindings::zymogen::task::system::Info;

    pub fn read() -> Info {
        on_machine("system".to_owned(), |machine| {
            machine
                .info
                .clone()
                .expect("the test gives the machine an `Info` first")
        })
    }
}

/// As the interface `users`.
pub mod users {
    use super::on_machine;
    use crate::bindings::zymogen::task::users::{Group, User};

    pub fn find_user(name_or_id: &str) -> Option<User> {
        let id: Option<u32> = name_or_id.parse().ok();
        list_users().into_iter().find(|user| match id {
            Some(id) => user.uid == id,
            None => user.name == name_or_id,
        })
    }

    pub fn find_group(name_or_id: &str) -> Option<Group> {
        let id: Option<u32> = name_or_id.parse().ok();
        list_groups().into_iter().find(|group| match id {
            Some(id) => group.gid == id,
            None => group.name == name_or_id,
        })
    }

    pub fn list_users() -> Vec<User> {
        on_machine("users".to_owned(), |machine| machine.users.clone())
    }

    pub fn list_groups() -> Vec<Group> {
        on_machine("groups".to_owned(), |machine| machine.groups.clone())
    }

    pub fn memberships(user: &str) -> Vec<String> {
        let first = find_user(user).map(|user| user.gid);
        let (own, others): (Vec<_>, Vec<_>) = list_groups()
            .into_iter()
            .filter(|group| {
                first == Some(group.gid) || group.members.iter().any(|member| member == user)
            })
            .partition(|group| first == Some(group.gid));
        own.into_iter()
            .chain(others)
            .map(|group| group.name)
            .collect()
    }
}

/// As the interface `log`: it prints, so that the test runner shows it when a test fails.
pub mod log {
    use crate::log::Level;

    pub fn log(level: Level, target: &str, message: &str) {
        println!("{level:?} {target}: {message}");
    }
}

/// As the interface `progress`: it prints, too.
pub mod progress {
    pub fn report(done: u64, total: u64, message: &str) {
        println!("{done}/{total} {message}");
    }
}
