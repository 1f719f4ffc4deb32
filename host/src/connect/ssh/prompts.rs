//! The questions of OpenSSH's client, as it words them itself.

use connect::Form;

/// So much of the user's name is shown, in bytes.
const SHOWN: usize = 30;

/// A key's passphrase: `Enter passphrase for key '/home/me/.ssh/id': `.
pub(super) fn passphrase() -> Vec<Form> {
    vec![form("Enter passphrase for ", "")]
}

/// The user's password: `me@host's password: `, or, since OpenSSH 8.5, in front of what a server asks by
/// keyboard-interactive, `(me@host) Password: `. Whose it is can be told if the user is given. The host cannot: it is shown
/// as ssh's configuration translates it.
pub(super) fn password(user: Option<&str>) -> Vec<Form> {
    let Some(user) = user else {
        return vec![form("", "'s password:"), form("(", "")];
    };
    let at = format!("{user}@");
    let shown = &at[..at.floor_char_boundary(SHOWN)];
    vec![form(shown, "'s password:"), form(&format!("({at}"), "")]
}

fn form(starts: &str, ends: &str) -> Form {
    Form {
        starts: starts.to_owned(),
        ends: ends.to_owned(),
    }
}
