//! A process that serves itself: here that of the tests.

use super::{EXECUTABLE, MACHINE, OwnImage};
use connect::{Format, ImageId, ImageSource, Packed};

fn known(machine: &str, size: u64) -> ImageId {
    ImageId {
        machine: machine.to_owned(),
        sha256: "ab".repeat(32),
        size,
    }
}

async fn image(known: Vec<ImageId>, machine: &str, formats: &[Format]) -> Result<Packed, String> {
    let image = OwnImage { known }.image(machine, formats).await;
    image.map_err(|error| error.to_string())
}

fn size() -> u64 {
    std::fs::metadata(EXECUTABLE).unwrap().len()
}

#[tokio::test]
async fn it_is_the_executable_as_it_is_under_the_digest_that_the_master_knows() {
    let all = vec![known("riscv64", 1), known(MACHINE, size())];
    let packed = image(all, MACHINE, &Format::ALL).await.unwrap();
    assert_eq!(packed.format, Format::Raw);
    assert_eq!(packed.sha256, "ab".repeat(32));
    assert!(packed.bytes == std::fs::read(EXECUTABLE).unwrap());
}

#[tokio::test]
async fn other_machines_are_refused_even_if_the_master_knows_them() {
    let all = vec![known("riscv64", size())];
    for machine in ["riscv64", "mips", ""] {
        let error = image(all.clone(), machine, &Format::ALL).await.unwrap_err();
        let expected = format!("the image for {MACHINE} only, not {machine}");
        assert!(error.contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn one_that_the_master_does_not_know_is_not_sent() {
    let error = image(Vec::new(), MACHINE, &Format::ALL).await.unwrap_err();
    assert!(error.contains("does not know"), "{error}");
    for wrong in [0, size() - 1, size() + 1] {
        let error = image(vec![known(MACHINE, wrong)], MACHINE, &Format::ALL).await;
        let error = error.unwrap_err();
        assert!(
            error.contains("another image than the master knows"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn it_is_not_compressed_for_anybody() {
    let packed = [Format::Zstd, Format::Gzip];
    let error = image(vec![known(MACHINE, size())], MACHINE, &packed).await;
    let error = error.unwrap_err();
    assert!(error.contains("not compressed"), "{error}");
}
