//! Prints the lines that have a text in them, from files, directories and all below them, or from standard input.
//!
//! An ordinary program, which knows nothing of Zymogen. What it may open is what its call grants:
//!
//! ```sh
//! zymogen call ssh:web1 target/wasm32-wasip2/guest/search.wasm 'run()' --grant read:/var/log -- error /var/log
//! ```
//!
//! It fails if there was no such line. (WASI 0.2 tells success and failure, and no other status.)

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(text) = args.next() else {
        eprintln!("usage: search TEXT [PATH ...]");
        return ExitCode::FAILURE;
    };
    let mut search = Search {
        text: text.into_bytes(),
        out: BufWriter::new(io::stdout().lock()),
        found: false,
    };
    let paths: Vec<_> = args.collect();
    let mut searched = Ok(());
    if paths.is_empty() {
        searched = search.lines(None, io::stdin().lock());
    }
    for path in &paths {
        searched = searched.and_then(|()| search.path(Path::new(path)));
    }
    match searched.and_then(|()| search.out.flush()) {
        Ok(()) if search.found => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("search: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Search<W: Write> {
    text: Vec<u8>,
    out: W,
    found: bool,
}

impl<W: Write> Search<W> {
    fn path(&mut self, path: &Path) -> io::Result<()> {
        let named = |error: io::Error| {
            let text = format!("{}: {error}", path.display());
            io::Error::new(error.kind(), text)
        };
        if fs::metadata(path).map_err(named)?.is_dir() {
            let entries = fs::read_dir(path).map_err(named)?;
            let mut entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(named)?;
            entries.sort_by_key(fs::DirEntry::file_name);
            // A link may lead back to where it is.
            for entry in entries {
                if !entry.file_type().map_err(named)?.is_symlink() {
                    self.path(&entry.path())?;
                }
            }
            return Ok(());
        }
        let file = File::open(path).map_err(named)?;
        self.lines(Some(path), BufReader::new(file)).map_err(named)
    }

    fn lines(&mut self, path: Option<&Path>, mut from: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line)? > 0 {
            if contains(&line, &self.text) {
                self.found = true;
                if let Some(path) = path {
                    write!(self.out, "{}:", path.display())?;
                }
                self.out.write_all(&line)?;
                if !line.ends_with(b"\n") {
                    self.out.write_all(b"\n")?;
                }
            }
            line.clear();
        }
        Ok(())
    }
}

fn contains(line: &[u8], text: &[u8]) -> bool {
    text.is_empty() || line.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::Search;

    fn search(text: &str, lines: &str) -> (bool, String) {
        let mut search = Search {
            text: text.into(),
            out: Vec::new(),
            found: false,
        };
        search.lines(None, lines.as_bytes()).unwrap();
        (search.found, String::from_utf8(search.out).unwrap())
    }

    #[test]
    fn lines_with_the_text_are_printed_whole() {
        assert_eq!(search("b", "abc\nd\nb"), (true, "abc\nb\n".to_owned()));
        assert_eq!(search("x", "abc\n"), (false, String::new()));
        assert_eq!(search("", "a\n"), (true, "a\n".to_owned()));
    }
}
