//! Starts a child, as the master starts its own.

use crate::guard::Guard;
use crate::image::OwnImage;
use connect::{ConnectError, Options, Started};
use proto::message::LaunchChild;
use std::sync::Arc;
use std::time::Duration;

/// Runs a launch on this machine, up to the child's HELLO. The guard ends what it starts if this process is killed.
pub(crate) async fn launch(
    request: LaunchChild,
    guard: Arc<Guard>,
) -> Result<Started, ConnectError> {
    let options = Options {
        deadline: Duration::from_millis(request.deadline_ms),
        guard: Some(guard),
        ..Options::default()
    };
    let image = OwnImage {
        known: request.images,
    };
    connect::start(&request.launch, &image, &options).await
}
