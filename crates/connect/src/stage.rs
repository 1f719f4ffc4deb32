//! The first stage as a command: `stage.sh` made into one line, with its arguments.

use crate::ImageId;

const SCRIPT: &str = include_str!("stage.sh");

/// The first stage for one connection. A method of connection puts [`argv`](Self::argv) or
/// [`command_line`](Self::command_line) where the target will run it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Boot {
    title: String,
    keep: bool,
    images: Vec<ImageId>,
}

impl Boot {
    /// Starts one of `images` if the target has it in its cache, and asks for one otherwise. `title` says
    /// whom the slave serves, see [`title`].
    #[must_use]
    pub fn new(title: &str, images: Vec<ImageId>) -> Self {
        Self {
            title: safe(title),
            keep: true,
            images,
        }
    }

    /// Neither looks for an image on the target nor leaves one there: the slave deletes its own.
    #[must_use]
    pub fn leave_nothing(mut self) -> Self {
        self.keep = false;
        self
    }

    /// The images that it looks for.
    #[must_use]
    pub fn images(&self) -> &[ImageId] {
        &self.images
    }

    /// The program and its arguments, where no shell is in between.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        let mut argv = vec!["sh".to_owned(), "-c".to_owned(), one_line()];
        argv.extend(self.arguments());
        argv
    }

    /// The same as one line for a login shell, of which nothing is known: the shell may be of the family
    /// of sh, csh or fish. No shell stays behind.
    #[must_use]
    pub fn command_line(&self) -> String {
        let arguments: Vec<_> = self.arguments().collect();
        format!("exec sh -c '{}' {}", one_line(), arguments.join(" "))
    }

    /// Words of safe characters only, which need no quotes in any shell.
    fn arguments(&self) -> impl Iterator<Item = String> {
        let mode = if self.keep { "keep" } else { "leave-nothing" };
        let head = ["zymogen".to_owned(), self.title.clone(), mode.to_owned()];
        let images = self.images.iter().flat_map(|image| {
            [
                safe(&image.machine),
                safe(&image.sha256),
                image.size.to_string(),
            ]
        });
        head.into_iter().chain(images)
    }
}

/// Whom a slave serves, as `user@host:pid`: an administrator finds it in the process list.
#[must_use]
pub fn title(user: &str, host: &str, pid: u32) -> String {
    safe(&format!("{user}@{host}:{pid}"))
}

/// The script without its comments.
fn one_line() -> String {
    let lines: Vec<_> = SCRIPT
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    lines.join(" ")
}

/// Replaces what a shell could take for more than a letter. Never empty and never like an option.
fn safe(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "@._:-".contains(c);
    let replaced: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    match replaced.trim_start_matches('-') {
        "" => "unknown".to_owned(),
        rest => rest.to_owned(),
    }
}
