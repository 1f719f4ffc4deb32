//! What a connection costs: round trips, told from the time that they take over a slow network, and bytes.

use super::proxy::{Network, Proxy};
use super::server::Server;
use crate::forest::{add, guests, master};
use host::master::Master;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// One way.
const DELAY: Duration = Duration::from_millis(150);

/// A server behind a network, and behind one that takes no time.
struct Wire {
    server: Server,
    slow: Proxy,
    quick: Proxy,
    master: Master,
}

impl Wire {
    fn new() -> Self {
        let server = Server::new();
        let delay = |delay| Network {
            delay,
            ..Network::default()
        };
        Self {
            slow: Proxy::to(server.port, delay(DELAY)),
            quick: Proxy::to(server.port, delay(Duration::ZERO)),
            master: master(),
            server,
        }
    }

    /// How many round trips something takes. What it computes takes the same time over both networks; the better one of two
    /// attempts counts, because other load can only add.
    async fn round_trips(&self, what: impl AsyncFn(&Self, u16)) -> f64 {
        let mut took = [f64::INFINITY; 2];
        for _ in 0..2 {
            for (took, proxy) in took.iter_mut().zip([&self.slow, &self.quick]) {
                let start = Instant::now();
                what(self, proxy.port).await;
                *took = took.min(start.elapsed().as_secs_f64());
            }
        }
        (took[0] - took[1]) / (2.0 * DELAY.as_secs_f64())
    }

    fn spec(&self, port: u16) -> String {
        let spec = self.server.root("&host-key=ignore");
        spec.replace(&format!(":{}?", self.server.port), &format!(":{port}?"))
    }

    /// `ssh host true`.
    async fn plain(&self, port: u16) {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", &self.server.at("config"), "-i", &self.server.key()]);
        ssh.args(["-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]);
        ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]);
        ssh.args(["-p", &port.to_string(), "root@127.0.0.1", "true"]);
        assert!(ssh.status().await.unwrap().success());
    }

    /// Up to the HELLO.
    async fn connect(&self, port: u16) {
        let spec = self.spec(port).parse().unwrap();
        let context = self.master.connect(&spec).await.unwrap();
        // Its end is waited for elsewhere.
        tokio::spawn(context.shutdown());
    }

    async fn cold(&self, port: u16) {
        let _ = std::fs::remove_dir_all(self.server.at("cache/zymogen"));
        self.connect(port).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warm_connection_takes_the_round_trips_of_plain_ssh_and_a_cold_one_takes_one_more() {
    let wire = Wire::new();
    // What is done once is done.
    wire.cold(wire.quick.port).await;
    let plain = wire.round_trips(Wire::plain).await;
    let warm = wire.round_trips(Wire::connect).await;
    let cold = wire.round_trips(Wire::cold).await;
    eprintln!("round trips: plain ssh {plain:.2}, warm {warm:.2}, cold {cold:.2}");
    assert!(plain > 3.0, "{plain} round trips of plain ssh");
    assert!(warm < plain + 0.5, "warm {warm}, plain {plain}");
    assert!(
        (0.5..1.5).contains(&(cold - warm)),
        "cold {cold}, warm {warm}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_connection_sends_the_image_and_little_else() {
    let wire = Wire::new();
    let guests = guests(&wire.master);
    let mut sent = [0; 2];
    for sent in &mut sent {
        let proxy = Proxy::to(wire.server.port, Network::default());
        let spec = wire.spec(proxy.port).parse().unwrap();
        let context = wire.master.connect(&spec).await.unwrap();
        let (up, down) = proxy.bytes();
        *sent = up + down;
        add(&context, &guests.calculator, 1, 2).await;
        context.shutdown().await;
    }
    let image = host::testing::packed_image().unwrap() as u64;
    let [cold, warm] = sent;
    eprintln!("bytes: image {image}, cold {cold}, warm {warm}");
    assert!(
        cold > image && cold < image + (40 << 10),
        "cold {cold}, image {image}"
    );
    assert!(warm < 16 << 10, "warm {warm}");
}
