//! From the errors of the other modules: how each ends the program, and what it advises.

use super::{Error, Exit, SAID};
use crate::build::BuildError;
use crate::connect::{CredentialError, SpecError};
use crate::master::PlaceError;
use crate::module::ModuleError;
use crate::project::ProjectError;
use crate::registry::RegistryError;
use connect::{ConnectError, FailureKind, Phase};

/// Nobody was reached yet when a module turns out to be unusable.
impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Self {
        match error {
            ModuleError::Build(error) => error.into(),
            error => Self::input(error.to_string()).maybe_hint(error.hint()),
        }
    }
}

/// Nobody was reached yet when there is nothing to ship.
impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::in_lines(&error.to_string()).maybe_hint(error.hint())
    }
}

/// Nobody can be reached whose way is no way.
impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        Self::input(error.to_string())
    }
}

/// Nobody can be asked for what is not there. No host was touched.
impl From<CredentialError> for Error {
    fn from(error: CredentialError) -> Self {
        Self::input(error.to_string())
    }
}

/// Which hop, which phase, and what it printed.
impl From<&ConnectError> for Error {
    fn from(error: &ConnectError) -> Self {
        let mut this = Self::new(Exit::Unreachable, error.to_string());
        // The last line stands in the message; a single one says nothing more.
        if error.said.len() > 1 {
            let from = error.said.len().saturating_sub(SAID);
            this.said = error.said[from..].into();
        }
        this.lasting = error.phase == Phase::Authenticate
            || matches!(
                error.cause.kind(),
                FailureKind::NotStarted | FailureKind::NoImage(_)
            );
        this.maybe_hint(error.hint.clone())
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        (&error).into()
    }
}

/// What a guest would call elsewhere is not to be had.
impl From<PlaceError> for Error {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Connect(error) => error.into(),
            PlaceError::Before(why) => Self::new(Exit::Unreachable, why),
            error @ PlaceError::Spec { .. } => Self::input(error.to_string()),
        }
    }
}

/// Nobody was reached yet but the registry.
impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        Self::input(error.to_string()).maybe_hint(error.hint())
    }
}

/// What is wrong with a project of the user's own.
impl From<ProjectError> for Error {
    fn from(error: ProjectError) -> Self {
        Self::in_lines(&error.to_string()).maybe_hint(error.hint())
    }
}
