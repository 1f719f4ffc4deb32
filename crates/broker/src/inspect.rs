//! What a broker knows of itself, for `zymogen tree` and for whoever looks for a fault.

use crate::Broker;
use proto::message::{Inspection, LinkState, RouteState};

impl Broker {
    /// The state of this context, but for what only the program around the broker knows: its process and its modules.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let core = self.lock();
        let router = &core.router;
        let links = core.ports.iter().filter_map(|(link, port)| {
            Some(LinkState {
                peer: router.peer(*link)?,
                queued: port.queue.cost() as u64,
                received: port.reading.received(),
                sent: port.queue.pushed(),
            })
        });
        let routes = router.routes().filter_map(|(context, parent, link)| {
            Some(RouteState {
                context,
                parent,
                via: router.peer(link)?,
            })
        });
        let load = router.load();
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Inspection {
            links: links.collect(),
            routes: routes.collect(),
            requests: number(load.requests),
            calls: number(load.functions),
            services: number(load.services),
            channels: number(load.channels),
            ..Inspection::default()
        }
    }
}
