//! What a target may say before its first frame.

use super::Seed;
use super::frame::input;
use fuzz_bodies::EXTRA;

pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, said) in [
        ("ready", &b"ZYMOGEN ready\nZY\x01\x00\n"[..]),
        ("begin", b"motd\nZYMOGEN begin\nZYMOGEN ready\nZY"),
        (
            "need",
            b"Welcome to \xffhost\r\n\nprompt> ZYMOGEN need 1 Linux x86_64 gzip lzma none\r\n",
        ),
        (
            "both",
            b"ZYMOGEN need 1 Linux aarch64 zstd\nnoise\nZYMOGEN ready\nrest",
        ),
        ("error", b"ZYMOGEN error cache no room on device\n"),
        ("error-alone", b"ZYMOGEN error\nZYMOGEN error x\n"),
        (
            "almost",
            b"ZYMOGEN need\nZYMOGEN ready or not\nZYMOGEN hello\nZYMOGEN \nZYMOGENready\n",
        ),
        (
            "huge-number",
            b"ZYMOGEN need 4294967296 Linux x86_64 none\n",
        ),
        ("no-formats", b"ZYMOGEN need 1 Linux x86_64 lzma\n"),
        (
            "twice",
            b"ZYMOGEN ready ZYMOGEN ready\nZYMOGEN ZYMOGEN ready\n",
        ),
        ("unended", b"Permission denied (publickey)."),
        (
            "controls",
            b"\x1b[31mZYMOGEN\x0bready\x0c\nZYMOGEN\tready\r\r\n",
        ),
        ("nothing", b""),
    ] {
        seeds.push((name.to_owned(), input(0, &[], said)));
        seeds.push((format!("{name}-in-pieces"), input(0, &[1, 9, 2], said)));
    }
    seeds.push(("noise".to_owned(), input(EXTRA, &[200], b"motd\nmotd\n")));
    let ready = b"motd\nZYMOGEN ready\nZY";
    seeds.push(("noise-as-frames".to_owned(), input(EXTRA, &[], ready)));
    seeds
}
