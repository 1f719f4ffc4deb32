//! Who has an account on this machine, as /etc/passwd and /etc/group say. A component that calls this asks for the
//! grant `system`.

pub use crate::bindings::zymogen::task::users::{Group, User};

/// The first user of this name, or, if it is a decimal number, of this id.
#[must_use]
pub fn find_user(name_or_id: &str) -> Option<User> {
    crate::host::users::find_user(name_or_id)
}

/// The first group of this name, or, if it is a decimal number, of this id.
#[must_use]
pub fn find_group(name_or_id: &str) -> Option<Group> {
    crate::host::users::find_group(name_or_id)
}

/// All users, in the order of the file.
#[must_use]
pub fn list_users() -> Vec<User> {
    crate::host::users::list_users()
}

/// All groups, in the order of the file.
#[must_use]
pub fn list_groups() -> Vec<Group> {
    crate::host::users::list_groups()
}

/// The names of the groups that a user of this name belongs to, the first one before the others.
#[must_use]
pub fn memberships(user: &str) -> Vec<String> {
    crate::host::users::memberships(user)
}
