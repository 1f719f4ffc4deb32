//! The slave's image: what a new machine has to receive.

use crate::table::Row;
use std::error::Error;

pub(crate) fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let image = host::testing::image()?;
    let packed = zstd::bulk::compress(&image, 19)?;
    for (what, bytes, budget) in [
        ("slave image", image.len(), 4.5e6),
        ("slave image under zstd -19", packed.len(), 1.4e6),
    ] {
        rows.push(Row::bytes(what, bytes as f64, budget));
    }
    Ok(())
}
