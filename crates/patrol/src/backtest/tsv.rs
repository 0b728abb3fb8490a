//! Recorded series from a table: a line a series, plain or gzip, from a file or standard input.
//!
//! Fields are parted by tabs: id, step in seconds, capacity (`-` for none), unit, label, and the values parted by
//! blanks, `-` where there is none. Empty lines and lines that start with `#` do not count.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use model::time::{Span, Window};

use super::Recorded;
use crate::error::{Explain, Result};

/// Longest line read: 2^26 bytes hold some ten million values.
pub const LONGEST_LINE: usize = 1 << 26;
/// First bytes of gzip (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A table being read.
pub struct Table {
    name: String,
    reader: Box<dyn BufRead + Send>,
    line: usize,
}

/// One line of a table, not yet looked into.
#[derive(Debug)]
pub struct Row {
    /// Where it stands, `FILE:LINE`.
    pub place: String,
    /// The line without its end.
    pub text: String,
}

impl Table {
    /// Opens a file, or standard input for `-`. The bar is told of the bytes read.
    pub fn open(path: &Path, bar: &ProgressBar) -> Result<Table> {
        if path == Path::new("-") {
            return Table::new("standard input".into(), bar.wrap_read(io::stdin()))
                .during(|| "cannot read standard input".into());
        }
        let name = path.display().to_string();
        let hint = "name a table of series with `--series FILE`, or `-` for standard input";
        let file = File::open(path).during(|| format!("cannot open {name}")).or_hint(hint)?;
        if let Ok(meta) = file.metadata() {
            bar.inc_length(meta.len());
        }
        Table::new(name.clone(), bar.wrap_read(file)).during(|| format!("cannot read {name}")).or_hint(hint)
    }

    /// A table over any bytes; gzip is told by its first two.
    fn new(name: String, bytes: impl Read + Send + 'static) -> io::Result<Table> {
        let mut bytes = BufReader::with_capacity(1 << 17, bytes);
        let packed = bytes.fill_buf()?.starts_with(&GZIP);
        let reader: Box<dyn BufRead + Send> = if packed {
            Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(bytes)))
        } else {
            Box::new(bytes)
        };
        Ok(Table { name, reader, line: 0 })
    }

    /// The next row; `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<Row>> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.reader).take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut bytes);
            self.line += 1;
            let place = format!("{}:{}", self.name, self.line);
            if read.during(|| format!("cannot read {place}")).or_hint("the file may be cut short")? == 0 {
                return Ok(None);
            }
            if bytes.len() > LONGEST_LINE {
                let what = format!("{place}: the line is longer than {} MiB", LONGEST_LINE >> 20);
                return Err(crate::error::Failure::new(what).hint("a table holds a line a series"));
            }
            let Ok(text) = String::from_utf8(bytes) else {
                let what = format!("{place}: the line is not UTF-8 text");
                return Err(crate::error::Failure::new(what).hint("tables are plain text or gzip"));
            };
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.trim().is_empty() && !text.starts_with('#') {
                return Ok(Some(Row { place, text: text.into() }));
            }
        }
    }
}

impl Row {
    /// Reads the series; the error names line and field.
    pub fn read(&self) -> std::result::Result<Recorded, String> {
        let fields: Vec<&str> = self.text.splitn(6, '\t').collect();
        let &[id, step, capacity, _unit, _label, values] = fields.as_slice() else {
            let found = fields.len();
            let all = "id, step in seconds, capacity or `-`, unit, label, values";
            return Err(format!("{}: {found} fields parted by tabs where 6 are wanted: {all}", self.place));
        };
        let wrong = |field: &str, text: &str, like: &str| {
            let shown: String = text.chars().take(20).collect();
            Err(format!("{}: {field} `{shown}` is not {like}", self.place))
        };
        let Some(step) = number(step).map(|s| Span::from_millis((s * 1e3).round() as i64)).filter(|s| s.millis() > 0)
        else {
            return wrong("step", step, "a number of seconds above 0");
        };
        let limit = match capacity.trim() {
            "-" => None,
            text => match number(text) {
                Some(limit) if limit > 0.0 => Some(limit),
                _ => return wrong("capacity", text, "a number above 0 or `-`"),
            },
        };
        let mut cells = Vec::new();
        for (at, text) in values.split_ascii_whitespace().enumerate() {
            match (text, number(text)) {
                ("-", _) => cells.push(f64::NAN),
                (_, Some(value)) => cells.push(value),
                (_, None) => return wrong(&format!("value {}", at + 1), text, "a number or `-`"),
            }
        }
        let Some(to) = i64::try_from(cells.len()).ok().and_then(|n| n.checked_mul(step.millis())) else {
            return wrong("step", fields[1], "a step so many samples can be apart");
        };
        Ok(Recorded {
            id: id.into(),
            window: Window { from: 0, to, step },
            values: cells,
            limit,
            lead: 0,
            real_times: false,
        })
    }
}

/// A finite number; nothing else that Rust would read as one.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn table(bytes: &[u8]) -> Table {
        Table::new("t".into(), io::Cursor::new(bytes.to_vec())).unwrap()
    }

    fn read(text: &str) -> std::result::Result<Recorded, String> {
        Row { place: "t:1".into(), text: text.into() }.read()
    }

    #[test]
    fn a_row_is_a_series_with_its_gaps() {
        let got = read("web-1\t15\t2048.5\tMiB\tfine\t1 2.5 - 4e1").unwrap();
        assert_eq!((got.id.as_str(), got.limit, got.window.step), ("web-1", Some(2048.5), Span::from_secs(15)));
        assert_eq!((got.window.from, got.window.to, got.window.cells()), (0, 60_000, 4));
        assert!(got.values[2].is_nan() && got.values[3] == 40.0);
        assert_eq!(read("a\t0.5\t-\t\t\t").unwrap().values.len(), 0);
    }

    #[test]
    fn a_wrong_row_names_line_and_field() {
        let all: Vec<String> = [
            "a\t60\t-",
            "a\t0\t-\tMiB\tl\t1",
            "a\tsoon\t-\tMiB\tl\t1",
            "a\t1e300\t-\tMiB\tl\t1 2",
            "a\t60\tmuch\tMiB\tl\t1",
            "a\t60\t-\tMiB\tl\t1 two 3",
            "a\t60\t-\tMiB\tl\t1 inf 3",
        ]
        .iter()
        .map(|row| read(row).unwrap_err())
        .collect();
        insta::assert_snapshot!(all.join("\n"), @"
        t:1: 3 fields parted by tabs where 6 are wanted: id, step in seconds, capacity or `-`, unit, label, values
        t:1: step `0` is not a number of seconds above 0
        t:1: step `soon` is not a number of seconds above 0
        t:1: step `1e300` is not a step so many samples can be apart
        t:1: capacity `much` is not a number above 0 or `-`
        t:1: value 2 `two` is not a number or `-`
        t:1: value 2 `inf` is not a number or `-`
        ");
    }

    #[test]
    fn gzip_is_told_by_its_first_bytes_and_empty_lines_do_not_count() {
        let text = b"# made by hand\n\na\t60\t-\t\t\t1 2\r\nb\t60\t-\t\t\t3";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text).unwrap();
        for bytes in [text.to_vec(), packed.finish().unwrap()] {
            let mut table = table(&bytes);
            let row = table.next_row().unwrap().unwrap();
            assert_eq!((row.place.as_str(), row.read().unwrap().values), ("t:3", vec![1.0, 2.0]));
            assert_eq!(table.next_row().unwrap().unwrap().read().unwrap().id, "b");
            assert!(table.next_row().unwrap().is_none());
        }
        assert!(table(b"").next_row().unwrap().is_none());
    }

    #[test]
    fn a_file_cut_short_and_bytes_that_are_no_text_are_told() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a\t60\t-\t\t\t1 2\n").unwrap();
        let mut bytes = packed.finish().unwrap();
        bytes.truncate(bytes.len() - 12);
        let mut cut = table(&bytes);
        let failure = (0..2).find_map(|_| cut.next_row().err()).unwrap();
        assert!(format!("{:#}", failure.error).starts_with("cannot read t:"), "{failure:?}");
        let failure = table(b"\xff\xfe\n").next_row().unwrap_err();
        assert_eq!(failure.error.to_string(), "t:1: the line is not UTF-8 text");
    }
}
