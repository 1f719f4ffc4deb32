//! A stretch of network between a client and a server: it counts bytes, delays them, or breaks.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// The direction of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    Server,
    Client,
}

#[derive(Clone, Copy, Default, Debug)]
pub struct Network {
    /// What each byte takes in each direction.
    pub delay: Duration,
    /// After so many bytes in a direction the connection is closed in both.
    pub breaks: Option<(To, u64)>,
}

/// Its threads end with the test.
pub struct Proxy {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    to_server: AtomicU64,
    to_client: AtomicU64,
}

impl Proxy {
    /// In front of a port of this machine.
    pub fn to(server: u16, network: Network) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let counts = Arc::new(Counts::default());
        let counting = counts.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                pass(&client.unwrap(), &server, network, &counting);
            }
        });
        Self { port, counts }
    }

    /// The bytes that went to the server, and to the client.
    pub fn bytes(&self) -> (u64, u64) {
        let Counts {
            to_server,
            to_client,
            ..
        } = &*self.counts;
        (
            to_server.load(Ordering::Relaxed),
            to_client.load(Ordering::Relaxed),
        )
    }
}

/// Both directions of a connection.
fn pass(client: &TcpStream, server: &TcpStream, network: Network, counts: &Arc<Counts>) {
    for stream in [client, server] {
        stream.set_nodelay(true).unwrap();
    }
    for (from, into, to) in [(client, server, To::Server), (server, client, To::Client)] {
        let (sender, receiver) = sync_channel(1 << 12);
        let (from, into) = (from.try_clone().unwrap(), into.try_clone().unwrap());
        let source = from.try_clone().unwrap();
        let counts = counts.clone();
        thread::spawn(move || take(from, &sender, network.delay));
        thread::spawn(move || give(&source, into, &receiver, to, network, &counts));
    }
}

/// Reads, and says when each piece is due. Its end is the end of the stream.
fn take(mut from: TcpStream, into: &SyncSender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
    {
        let piece = (Instant::now() + delay, buffer[..read].to_vec());
        if into.send(piece).is_err() {
            return;
        }
    }
}

fn give(
    from: &TcpStream,
    mut into: TcpStream,
    pieces: &Receiver<(Instant, Vec<u8>)>,
    to: To,
    network: Network,
    counts: &Counts,
) {
    let count = match to {
        To::Server => &counts.to_server,
        To::Client => &counts.to_client,
    };
    let mut left = match network.breaks {
        Some((breaks, after)) if breaks == to => after,
        _ => u64::MAX,
    };
    if left == 0 {
        return close(from, &into);
    }
    for (due, piece) in pieces {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let whole = piece.len() as u64;
        let some = usize::try_from(left.min(whole)).unwrap();
        if into.write_all(&piece[..some]).is_err() {
            break;
        }
        count.fetch_add(some as u64, Ordering::Relaxed);
        left -= some as u64;
        if left == 0 {
            return close(from, &into);
        }
    }
    let _ = into.shutdown(Shutdown::Write);
}

fn close(one: &TcpStream, other: &TcpStream) {
    for stream in [one, other] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
