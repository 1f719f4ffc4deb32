//! Connections that break somewhere in the middle: a network that ends after so many bytes, between the real client, the
//! real server and the real slave. `crates/connect` cuts the first stage at every byte; here ssh's own bytes are cut, too.

use super::proxy::{Network, Proxy, To};
use super::server::Server;
use crate::forest::{master, until};
use connect::Phase;
use futures_util::future::join_all;
use host::master::Master;

/// Pieces that a connection is cut into.
const PIECES: u64 = 16;

/// The way to a server through a proxy in front of it.
fn through(server: &Server, proxy: &Proxy) -> String {
    let port = format!(":{}?", proxy.port);
    let spec = server.root("&host-key=ignore");
    spec.replace(&format!(":{}?", server.port), &port)
}

/// Connects over a network that breaks, and says in which phase that was.
async fn cut(master: &Master, server: &Server, to: To, after: u64) -> Phase {
    let breaks = Some((to, after));
    let proxy = Proxy::to(
        server.port,
        Network {
            breaks,
            ..Network::default()
        },
    );
    let spec = through(server, &proxy).parse().unwrap();
    let error = master.connect(&spec).await;
    let what = format!("after {after} bytes to the {to:?}");
    let error = error.map(|_| ()).expect_err(&what);
    assert!(
        error.hop.starts_with("ssh:root@127.0.0.1:"),
        "{what}: {error}"
    );
    assert!(
        error.hint.is_some(),
        "{what}: {error}; it said {:?}",
        error.said
    );
    error.phase
}

/// Cuts at ever more bytes, some at once. The phase is never an earlier one than with fewer.
async fn sweep(master: &Master, server: &Server, to: To, whole: u64) -> Vec<Phase> {
    let mut phases = Vec::new();
    let cuts: Vec<_> = (0..PIECES).map(|piece| whole * piece / PIECES).collect();
    for some in cuts.chunks(4) {
        let cuts = some.iter().map(|&after| cut(master, server, to, after));
        phases.extend(join_all(cuts).await);
    }
    until("the server's sessions end", async || {
        server.sessions().is_empty()
    })
    .await;
    phases
}

/// The bytes of a whole connection up to its HELLO, in both directions.
async fn whole(master: &Master, server: &Server) -> (u64, u64) {
    let proxy = Proxy::to(server.port, Network::default());
    let spec = through(server, &proxy).parse().unwrap();
    let context = master.connect(&spec).await.unwrap();
    let bytes = proxy.bytes();
    context.shutdown().await;
    bytes
}

fn rank(phase: &Phase) -> u8 {
    match phase {
        Phase::Resolve => 0,
        Phase::Spawn => 1,
        Phase::Authenticate => 2,
        Phase::FirstStage => 3,
        Phase::Image => 4,
        Phase::Hello => 5,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_way_to_a_server_without_the_image() {
    let server = Server::new();
    let master = master();
    let (up, _) = whole(&master, &server).await;
    std::fs::remove_dir_all(server.at("cache/zymogen")).unwrap();
    let phases = sweep(&master, &server, To::Server, up).await;
    assert!(phases.is_sorted_by_key(rank), "{phases:?}");
    assert_eq!(phases.first(), Some(&Phase::Resolve), "{phases:?}");
    assert_eq!(phases.last(), Some(&Phase::Image), "{phases:?}");
    // Whatever had come of the image goes again, a moment after sshd does.
    until("the images go", async || server.cached().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_way_from_a_server_with_the_image_and_to_it() {
    let server = Server::new();
    let master = master();
    whole(&master, &server).await;
    let (up, down) = whole(&master, &server).await;
    // Most of what is sent up is the key exchange and the first stage; the last of it may be the WELCOME.
    let mut phases = sweep(&master, &server, To::Server, up * 9 / 10).await;
    assert!(phases.is_sorted_by_key(rank), "{phases:?}");
    phases = sweep(&master, &server, To::Client, down).await;
    assert!(phases.is_sorted_by_key(rank), "{phases:?}");
    assert_eq!(phases.first(), Some(&Phase::Resolve), "{phases:?}");
    until("the image alone is left", async || {
        server.cached().len() == 1
    })
    .await;
}
