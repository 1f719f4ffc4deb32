//! Damaged frames by the thousand: every decoder, and a router of each kind, survives them.

use super::rng::Rng;
use super::shape::assert_says;
use super::vectors;
use bytes::Bytes;
use proto::message::{
    AddRoute, Address, Call, CallElsewhere, CallImport, CallMethod, CallService, Credit, Dead,
    DelRoute, EndChain, ForwardModule, GetModule, GetResource, Hello, IdBlock, ImportOutcome,
    Inspection, LoadModule, LoadResource, LogRecord, Outcome, ReceiveMessage, Refusal, SendMessage,
    ServiceOutcome, Welcome,
};
use proto::router::{Accept, Config, Input, Quotas, Role, Router};
use proto::{
    Body, ContextId, Flags, Frame, FrameDecoder, Handle, Limits, LinkId, Policy, RequestId,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use std::time::{Duration, Instant};

const CASES: u64 = 10_000;

pub const LIMITS: Limits = Limits { max_body: 64 << 10 };

#[test]
fn damaged_frames_harm_nobody() {
    let vectors: Vec<_> = vectors::read()
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    assert!(!vectors.is_empty());
    let mut survived = 0;
    for seed in 0..CASES {
        let mut rng = Rng::new(seed);
        let bytes = damaged(&mut rng, &vectors);
        for frame in frames(&mut rng, &bytes) {
            survived += 1;
            decode_as_everything(&frame);
            for parents in [vec![], vec![ContextId::MASTER]] {
                route(parents, &frame);
            }
        }
    }
    // Most damage is in the body, so that most cases get as far as its decoders.
    assert!(survived > CASES / 2, "only {survived} frames survived");
}

#[test]
fn noise_harms_nobody() {
    for seed in 0..CASES {
        let mut rng = Rng::new(seed);
        let len = rng.below(200);
        let noise: Vec<_> = (0..len).map(|_| rng.below(256) as u8).collect();
        frames(&mut rng, &noise);
        for flags in [Flags::NONE, Flags::ZSTD] {
            let body = Body::raw(flags, noise.clone().into());
            decode_body(&body);
        }
    }
}

/// One or two of the examples after a few accidents.
fn damaged(rng: &mut Rng, vectors: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.pick(vectors).clone();
    if rng.percent(20) {
        bytes.extend_from_slice(&vectors[rng.below(vectors.len())]);
    }
    for _ in 0..=rng.below(4) {
        if bytes.is_empty() {
            break;
        }
        // Mostly behind the header: a damaged header is soon found out.
        let from = if rng.percent(80) {
            28.min(bytes.len() - 1)
        } else {
            0
        };
        let at = from + rng.below(bytes.len() - from);
        match rng.below(7) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = *rng.pick(&[0x00, 0x1b, 0x5b, 0x7b, 0x9b, 0xbb, 0xc2, 0xf6, 0xff]),
            2 => bytes.insert(at, rng.below(256) as u8),
            3 => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            5 => {
                let piece = bytes[at..].to_vec();
                bytes.extend_from_slice(&piece);
            }
            _ => {
                let other = rng.pick(vectors);
                let piece = other[rng.below(other.len())..].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    // The length is put right now and then, so that the damage reaches the body's decoders.
    if bytes.len() > 28 && rng.percent(70) {
        let len = u32::try_from(bytes.len() - 28).expect("a few hundred bytes");
        bytes[24..28].copy_from_slice(&len.to_be_bytes());
    }
    bytes
}

/// What a decoder makes of them when they come in pieces.
fn frames(rng: &mut Rng, bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = FrameDecoder::new(LIMITS);
    let mut frames = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, others) = rest.split_at(1 + rng.below(rest.len()));
        decoder.push(piece);
        rest = others;
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return frames,
            }
        }
    }
    // Either way it is an answer.
    let _ = decoder.finish();
    frames
}

fn decode_as_everything(frame: &Frame) {
    decode_body(&Body::raw(frame.header.flags, frame.body.clone()));
    decode_body(&Body::raw(Flags::ZSTD, frame.body.clone()));
}

pub fn decode_body(body: &Body) {
    if let Ok(bytes) = body.unpacked(LIMITS) {
        assert!(bytes.len() <= LIMITS.max_body as usize);
    }
    decode::<Hello>(body);
    decode::<Welcome>(body);
    decode::<Call>(body);
    decode::<Policy>(body);
    decode::<Outcome>(body);
    decode::<Dead>(body);
    decode::<GetModule>(body);
    decode::<LoadModule>(body);
    decode::<GetResource>(body);
    decode::<LoadResource>(body);
    decode::<LogRecord>(body);
    decode::<AddRoute>(body);
    decode::<CallService>(body);
    decode::<Credit>(body);
    decode::<DelRoute>(body);
    decode::<EndChain>(body);
    decode::<ForwardModule>(body);
    decode::<IdBlock>(body);
    decode::<Inspection>(body);
    decode::<ServiceOutcome>(body);
    decode::<CallImport>(body);
    decode::<ImportOutcome>(body);
    decode::<CallElsewhere>(body);
    decode::<CallMethod>(body);
    decode::<SendMessage>(body);
    decode::<ReceiveMessage>(body);
    decode::<Refusal>(body);
}

/// What is understood is what is there, can be said again, and is then understood in the same way.
fn decode<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &Body) {
    if let Ok((message, tail)) = body.split::<T>(LIMITS) {
        let plain = body.unpacked(LIMITS).expect("it was decoded");
        assert_says(&plain, &message);
        let again = Body::with_tail(&message, &tail).expect("it was decoded");
        let (second, rest) = again
            .split::<T>(Limits::default())
            .expect("it was just encoded");
        assert_eq!((second, rest), (message, tail));
    }
}

/// A router with a parent, or without, a child, and something of each kind open takes the frame from each side.
fn route(parents: Vec<ContextId>, frame: &Frame) {
    let now = Instant::now();
    let is_child = !parents.is_empty();
    let me = ContextId(if is_child { 3 } else { 0 });
    let other = ContextId(if is_child { 0 } else { 3 });
    let mut router = Router::new(Config {
        me,
        parents,
        executes: true,
        heartbeat: Duration::from_secs(15),
        siblings: is_child,
        quotas: Quotas::default(),
    });
    let (up, down) = (LinkId(1), LinkId(2));
    let links = [
        (up, ContextId::MASTER, Role::Parent),
        (down, ContextId(if is_child { 7 } else { 3 }), Role::Child),
    ];
    for (link, peer, role) in links.into_iter().skip(usize::from(!is_child)) {
        router.handle(now, Input::LinkUp { link, peer, role });
    }
    // The first handles are the ones that the examples name.
    let body = Body::raw(Flags::NONE, Bytes::from_static(b"ask"));
    let (request, to, handle) = (RequestId(1), other, Handle::CALL_FUNCTION);
    let ask = Input::Request {
        request,
        to,
        handle,
        body,
    };
    router.handle(now, ask);
    router.listen(Accept::Anyone);
    let to = Address {
        context: other,
        handle: Handle(1001),
    };
    router.open(to).expect("there is a way");
    let request = RequestId(2);
    router.handle(now, Input::Allocate { request });
    for link in [up, down] {
        let frame = frame.clone();
        router.handle(now, Input::Frame { link, frame });
        while router.poll_output().is_some() {}
    }
    // No frame takes a neighbour away.
    let links = if is_child { 2 } else { 1 };
    assert_eq!(router.load().links, links);
}
