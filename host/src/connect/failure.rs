//! A failed start with what it means.

use super::advice::{self, Failure};
use super::{Advice, Step};
use crate::build::BuildError;
use connect::{Cause, ConnectError, FailureKind, Phase};

/// Adds to an error what the method knows of such failures.
pub fn explained(mut error: ConnectError, step: &Step) -> ConnectError {
    let kind = error.cause.kind();
    let failure = Failure {
        phase: error.phase,
        kind: &kind,
        said: &error.said,
    };
    let hop = step.hop();
    let advice = hop.advise(&failure);
    // Once the first stage has spoken, what was said before is a banner. And what a program says that got no answer is
    // about that.
    let telling = matches!(
        error.phase,
        Phase::Spawn | Phase::Authenticate | Phase::FirstStage
    ) && !matches!(kind, FailureKind::Asked(_));
    let signs = || telling.then(|| advice::read(hop.signs(), &error.said, step.name()));
    match advice.or_else(|| signs().flatten()) {
        Some(Advice { phase, hint }) => {
            error.phase = phase;
            error.hint = Some(hint.replace("{hop}", step.name()));
        }
        None => {
            let questions = hop.questions().unwrap_or_default();
            let given: Vec<_> = questions.answers.iter().map(|answer| answer.what).collect();
            error.hint = advice::general(&failure, step.name(), &step.program(), &given);
        }
    }
    of_image(error)
}

/// Whoever builds images knows what is missing for it.
fn of_image(mut error: ConnectError) -> ConnectError {
    if let Cause::Image { error: why, .. } = &*error.cause
        && let Some(why) = why.downcast_ref::<BuildError>()
    {
        error.hint = why.hint().or(error.hint);
    }
    error
}

/// A start that was given up before anything was started.
pub(super) fn before(step: &Step, phase: Phase, cause: Cause) -> ConnectError {
    of_image(ConnectError {
        hop: step.name().to_owned(),
        phase,
        cause: Box::new(cause),
        said: Vec::new(),
        hint: None,
    })
}
