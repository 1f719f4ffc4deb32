//! How deep a CBOR item nests, found without the decoder that is tried.

/// The most arrays and maps that are inside one another. Tags and pieces of strings do not count.
///
/// # Panics
/// If the bytes are not exactly one item: what calls this has just decoded one from them.
pub(crate) fn nesting(mut item: &[u8]) -> usize {
    let mut deepest = 0;
    // How many items each open one still lacks. None: until a break comes.
    let mut open: Vec<Option<u64>> = Vec::new();
    loop {
        let ends = match head(&mut item) {
            (2 | 3, Some(len)) => {
                take(&mut item, usize::try_from(len).expect("it is there"));
                true
            }
            (2 | 3, None) => {
                open.push(None);
                false
            }
            (4 | 5, Some(0)) => {
                deepest = deepest.max(open.len() + 1);
                true
            }
            (major @ (4 | 5), count) => {
                open.push(count.map(|count| count * (u64::from(major) - 3)));
                deepest = deepest.max(open.len());
                false
            }
            // What follows a tag is the item.
            (6, _) => false,
            (7, None) => {
                assert_eq!(open.pop(), Some(None), "a break in the middle");
                true
            }
            _ => true,
        };
        if !ends {
            continue;
        }
        while let Some(Some(lacking)) = open.last_mut() {
            *lacking -= 1;
            if *lacking > 0 {
                break;
            }
            open.pop();
        }
        if open.is_empty() {
            assert!(item.is_empty(), "more than one item");
            return deepest;
        }
    }
}

/// The major type of the next head and its argument: none for an indefinite length, and for a break.
fn head(item: &mut &[u8]) -> (u8, Option<u64>) {
    let first = take(item, 1)[0];
    let info = first & 0x1f;
    let arg = match info {
        0..=23 => Some(u64::from(info)),
        24..=27 => {
            let bytes = take(item, 1 << (info - 24));
            Some(
                bytes
                    .iter()
                    .fold(0, |arg, byte| arg << 8 | u64::from(*byte)),
            )
        }
        31 => None,
        _ => panic!("a reserved head"),
    };
    (first >> 5, arg)
}

fn take<'a>(item: &mut &'a [u8], len: usize) -> &'a [u8] {
    item.split_off(..len).expect("the item is whole")
}

#[cfg(test)]
mod tests {
    use super::nesting;

    #[test]
    fn depth_is_counted_in_arrays_and_maps() {
        for (item, depth) in [
            (&b"\x00"[..], 0),
            (b"\x62hi", 0),
            (b"\x80", 1),
            (b"\xa0", 1),
            (b"\x82\x80\x81\x01", 2),
            (b"\xa1\x61a\xa1\x61b\x81\x00", 3),
            (b"\x9f\x81\x00\xff", 2),
            (b"\x9f\xff", 1),
            (b"\x81\x7f\x61a\x61b\xff", 1),
            (b"\xc2\xc2\x81\xf6", 1),
            (b"\x98\x01\x19\x01\x00", 1),
        ] {
            assert_eq!(nesting(item), depth, "{item:02x?}");
        }
    }
}
