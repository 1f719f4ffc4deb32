//! Who gets which message, who waits, and that nothing is left.

use super::{Channels, MAX_CHANNELS, TooManyChannels};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;

fn is_empty(channels: &Channels) -> bool {
    channels.lock().is_empty()
}

#[tokio::test]
async fn messages_come_in_their_order_and_each_once() {
    let channels = Channels::default();
    for number in 0..10_u8 {
        channels.send("a", vec![number].into()).await.unwrap();
    }
    let other = channels.send("b", Bytes::from_static(b"other"));
    other.await.unwrap();
    for number in 0..10_u8 {
        assert_eq!(channels.receive("a").await.unwrap(), [number].as_slice());
    }
    assert_eq!(channels.receive("b").await.unwrap(), b"other".as_slice());
    assert!(is_empty(&channels));
}

#[tokio::test]
async fn each_of_many_receivers_gets_one() {
    let channels = Channels::default();
    let receivers = join_all((0..100).map(|_| channels.receive("a")));
    let senders = join_all((0..100_u8).map(|number| channels.send("a", vec![number].into())));
    let (received, sent) = tokio::join!(receivers, senders);
    assert!(sent.iter().all(Result::is_ok));
    let mut received: Vec<_> = received
        .into_iter()
        .map(|message| message.unwrap()[0])
        .collect();
    received.sort_unstable();
    assert_eq!(received, (0..100).collect::<Vec<_>>());
    assert!(is_empty(&channels));
}

#[tokio::test]
async fn who_sends_into_a_full_channel_waits() {
    let channels = Channels::default();
    let half = Bytes::from(vec![0; 512 << 10]);
    channels.send("a", half.clone()).await.unwrap();
    let mut second = Box::pin(channels.send("a", half.clone()));
    assert!((&mut second).now_or_never().is_none());
    assert_eq!(channels.receive("a").await.unwrap().len(), half.len());
    second.await.unwrap();
    channels.receive("a").await.unwrap();
    assert!(is_empty(&channels));
}

#[tokio::test]
async fn a_message_that_is_alone_may_be_long() {
    let channels = Channels::default();
    let long = Bytes::from(vec![0; 3 << 20]);
    channels.send("a", long.clone()).await.unwrap();
    assert!(channels.send("a", Bytes::new()).now_or_never().is_none());
    assert_eq!(channels.receive("a").await.unwrap().len(), long.len());
}

#[tokio::test]
async fn who_gives_up_loses_nothing_and_leaves_nothing() {
    let channels = Channels::default();
    assert!(channels.receive("a").now_or_never().is_none());
    assert!(is_empty(&channels));
    channels.send("a", Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(channels.receive("a").await.unwrap(), b"1".as_slice());
}

#[tokio::test]
async fn there_are_so_many_channels_and_no_more() {
    let channels = Channels::default();
    for number in 0..MAX_CHANNELS {
        let name = number.to_string();
        channels.send(&name, Bytes::new()).await.unwrap();
    }
    let more = channels.send("more", Bytes::new()).await;
    assert_eq!(more, Err(TooManyChannels));
    channels.receive("0").await.unwrap();
    channels.send("more", Bytes::new()).await.unwrap();
}
