//! From what programs say to what a person should try.

use connect::{FailureKind, Phase};

/// What is known of a failed start.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// How far it had come, as far as it can be told without knowing the program.
    pub phase: Phase,
    /// What kind of thing stands in the way.
    pub kind: &'a FailureKind,
    /// The last lines that were said, oldest first.
    pub said: &'a [String],
}

/// What it means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advice {
    /// How far it had really come.
    pub phase: Phase,
    /// What to try.
    pub hint: String,
}

/// A text that a program says if something is wrong, in any language that it was asked to speak.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// Part of a line, as it is written.
    pub says: &'static str,
    /// The phase that it belongs to.
    pub phase: Phase,
    /// What to try. `{hop}` is the hop.
    pub hint: &'static str,
}

/// The meaning of what was said, by the first sign that it holds: programs say several things about one failure.
#[must_use]
pub fn read(signs: &[Sign], said: &[String], hop: &str) -> Option<Advice> {
    let holds = |sign: &&Sign| said.iter().any(|line| line.contains(sign.says));
    let sign = signs.iter().find(holds)?;
    Some(Advice {
        phase: sign.phase,
        hint: sign.hint.replace("{hop}", hop),
    })
}

/// What may be said whatever the method is. `given` are the answers that the hop has.
pub(super) fn general(
    failure: &Failure<'_>,
    hop: &str,
    program: &str,
    given: &[&str],
) -> Option<String> {
    let hint = match failure.kind {
        FailureKind::NotStarted => {
            format!("`{program}` must be installed where this hop starts, and be in PATH there")
        }
        FailureKind::Asked(question) => {
            let option = match question.to_lowercase().contains("passphrase") {
                true => "passphrase",
                false => "password",
            };
            if given.contains(&option) {
                return Some(format!(
                    "this is not how `{program}` asks for the {option} that it has: whatever else it wants, such as a code, cannot be given"
                ));
            }
            format!(
                "say where the answer comes from: `{hop}?{option}=env:NAME`, `...=file:PATH` or `...=ask`"
            )
        }
        FailureKind::Refused(_) => "check the password, and that it is this user's".to_owned(),
        FailureKind::Stage(step) => return stage(step).map(str::to_owned),
        FailureKind::Ended(Some(126 | 127)) => {
            "a POSIX shell, `sh`, must be there and may be started".to_owned()
        }
        FailureKind::Timeout if failure.phase == Phase::FirstStage => {
            "whatever leads there is silent; try the same by hand, or allow more time with --connect-timeout"
                .to_owned()
        }
        _ => return None,
    };
    Some(hint)
}

/// What to do if the first stage gives up in one of its steps.
fn stage(step: &str) -> Option<&'static str> {
    match step {
        "cache" => Some(
            "the slave needs 16 MB in a directory of its user's, on a file system that is neither read-only nor mounted noexec: \
             mount a tmpfs with exec at /tmp, or name such a directory there in XDG_CACHE_HOME",
        ),
        "transfer" => Some("try again: the connection broke, or the disk filled up meanwhile"),
        "start" => Some(
            "something there forbids to start programs that are not installed, or the machine is of another kind than it says",
        ),
        _ => None,
    }
}
