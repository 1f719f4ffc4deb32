//! The target has the image: the slave speaks first, nothing is asked and nothing sent.

use crate::support::{SHELLS, Stock, Target, a_welcome, end, finish, welcomed};
use proto::{Body, ContextId, FrameDecoder, Handle, Limits};

#[tokio::test]
async fn every_shell_starts_the_image_that_it_kept() {
    for shell in SHELLS {
        let (target, stock) = (Target::new(shell), Stock::new());
        finish(target.start(&stock).await.expect(shell)).await;
        let started = target.start(&stock).await.expect(shell);
        assert_eq!((started.sent, stock.asked()), (None, 1), "{shell}");
        finish(started).await;
    }
}

#[test]
fn the_slave_speaks_as_soon_as_the_first_stage_has_begun() {
    for shell in SHELLS {
        let (target, stock) = (Target::new(shell), Stock::new());
        stock.install(&target.cache());
        let said = target.talk(&stock.boot(), b"");
        assert!(
            said.starts_with("ZYMOGEN begin\nZYMOGEN ready\n"),
            "{shell}: {said}"
        );
    }
}

#[tokio::test]
async fn the_slave_knows_whom_it_serves_and_gets_the_welcome() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    stock.install(&target.cache());
    let started = target.start(&stock).await.expect("a start");
    let parts = welcomed(started).await;
    let tail = parts.tail.clone();
    end(parts).await;
    assert_eq!(tail.lines(), ["serving tester@master:1"]);

    let mut decoder = FrameDecoder::new(Limits::default());
    decoder.push(&std::fs::read(target.at("home/received")).expect("what it received"));
    let frame = decoder
        .next_frame()
        .expect("a frame")
        .expect("a whole frame");
    assert_eq!(frame.header.handle, Handle::HELLO);
    assert_eq!(frame.header.dst, ContextId(5));
    assert_eq!(frame.header.src, ContextId(2));
    let body = Body::raw(frame.header.flags, frame.body);
    assert_eq!(body.decode(Limits::default()), Ok(a_welcome()));
    assert_eq!(decoder.finish(), Ok(()));
}

#[tokio::test]
async fn a_file_that_lost_its_content_is_installed_anew() {
    for content in ["", "#!/bin/sh\nexit 1\n"] {
        let (target, stock) = (Target::new("sh"), Stock::new());
        let path = stock.install(&target.cache());
        std::fs::write(&path, content).expect("the image");
        let started = target.start(&stock).await.expect("a start");
        assert!(started.sent.is_some());
        finish(started).await;
        assert_eq!(std::fs::read(&path).expect("the image"), stock.image);
    }
}

#[tokio::test]
async fn an_image_for_another_machine_is_not_taken() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let other = Stock::of("#!/bin/sh\nexit 1\n");
    other.install(&target.cache());
    let id = connect::ImageId {
        machine: "s390x".to_owned(),
        sha256: other.sha256(),
        size: other.image.len() as u64,
        content: None,
    };
    let boot = connect::Boot::new("t", vec![id]);
    let started = target.start_with(&stock, &boot).await.expect("a start");
    assert!(started.sent.is_some());
    finish(started).await;
}
