//! A process that serves itself: here that of the tests.

use super::{EXECUTABLE, MACHINE, own};
use connect::{Format, ImageId, Packed};

fn known(machine: &str, size: u64) -> ImageId {
    ImageId {
        machine: machine.to_owned(),
        sha256: "ab".repeat(32),
        size,
        content: None,
    }
}

async fn image(known: &ImageId, formats: &[Format]) -> Result<Packed, String> {
    own(known, formats).await.map_err(|error| error.to_string())
}

fn size() -> u64 {
    std::fs::metadata(EXECUTABLE).unwrap().len()
}

#[tokio::test]
async fn it_is_the_executable_under_the_digest_that_the_master_knows() {
    for format in [Format::Raw, Format::Zstd] {
        let formats = [Format::Gzip, format];
        let packed = image(&known(MACHINE, size()), &formats).await.unwrap();
        assert_eq!((packed.format, packed.sha256), (format, "ab".repeat(32)));
        let bytes = match format {
            Format::Zstd => zstd::stream::decode_all(&packed.bytes[..]).unwrap(),
            _ => packed.bytes.to_vec(),
        };
        assert!(bytes == std::fs::read(EXECUTABLE).unwrap());
    }
}

#[tokio::test]
async fn children_that_start_at_one_time_share_what_they_are_sent() {
    let known = known(MACHINE, size());
    let (first, second) =
        tokio::join!(image(&known, &[Format::Raw]), image(&known, &[Format::Raw]));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.bytes.as_ptr(), second.bytes.as_ptr());
}

#[tokio::test]
async fn it_is_for_no_other_machine() {
    for machine in ["riscv64", "mips", ""] {
        let error = image(&known(machine, size()), &Format::ALL)
            .await
            .unwrap_err();
        let expected = format!("the image for {MACHINE} only, not {machine}");
        assert!(error.contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn one_that_the_master_does_not_know_is_not_sent() {
    for wrong in [0, size() - 1, size() + 1] {
        let error = image(&known(MACHINE, wrong), &Format::ALL)
            .await
            .unwrap_err();
        let expected = "another image than the master knows";
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_target_that_takes_only_what_cannot_be_made_is_told() {
    let error = image(&known(MACHINE, size()), &[Format::Gzip]).await;
    let error = error.unwrap_err();
    assert!(error.contains("only as gzip"), "{error}");
}
