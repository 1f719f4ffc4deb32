//! Starts a child, as the master starts its own.

use crate::guard::Guard;
use connect::{ConnectError, ImageSource, Options, Started};
use proto::message::LaunchChild;
use std::sync::Arc;
use std::time::Duration;

/// Runs a launch on this machine, up to the child's HELLO. The guard ends what it starts if this process is killed.
pub(crate) async fn launch(
    request: &LaunchChild,
    images: &dyn ImageSource,
    guard: Arc<Guard>,
) -> Result<Started, ConnectError> {
    let options = Options {
        deadline: Duration::from_millis(request.deadline_ms),
        guard: Some(guard),
        ..Options::default()
    };
    connect::start(&request.launch, images, &options).await
}
