//! Tells a person why it takes long.

/// Shows what is being built. Called only when something takes longer than a moment.
pub trait Progress: Send + Sync {
    /// What goes on from now, until the next step or [`done`](Self::done).
    fn step(&self, text: &str);

    /// Nothing goes on any more, or something else writes on the terminal now: a transient line must go.
    fn done(&self) {}

    /// A line that stays, before the output of cargo follows it.
    fn note(&self, text: &str) {
        self.step(text);
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Default, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _text: &str) {}
}
