//! The report as JSON, streamed from its types, and the schema that describes it.
//!
//! Instants under a name of their own are RFC 3339 strings in UTC; inside the `points` of charts they stay
//! milliseconds since the epoch, which is what plotting code wants. Numbers that are not finite are null.

use std::io::{self, Write};

use engine::report::Report;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter};
use serde_json::{Value, json};

use super::clock::rfc3339;
use super::plain::commands;

/// Members that hold one instant each.
const INSTANTS: [&str; 5] = ["made_at", "from", "to", "at", "asked_at"];
/// Members whose rows of numbers stand on one line each.
const ROWS: [&str; 2] = ["points", "rows"];

/// The report as JSON, indented, with a line break at the end.
pub fn render(report: &Report) -> String {
    let mut bytes = Vec::new();
    let mut to = serde_json::Serializer::with_formatter(&mut bytes, Layout::default());
    // Writing to memory fails only for maps whose keys are no strings; a report has none.
    if let Err(error) = report.serialize(&mut to) {
        bytes = json!({ "error": error.to_string() }).to_string().into_bytes();
    }
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The schema of [`render`]'s output: the types as schemars sees them, with instants and nulls as they are written.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
    as_written(&mut schema);
    schema["title"] = "Report of Patrol".into();
    schema["description"] = "What one or more runs found, as `patrol inspect --format json` prints it. Instants are RFC 3339 \
        strings in UTC, except in the `points` of charts, where they are milliseconds since 1970-01-01T00:00:00Z. A number \
        that is not finite is null. New members may be added; readers should ignore those they do not know."
        .into();
    schema
}

/// Turns the schema of the types into that of the written form.
fn as_written(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type").is_some_and(|t| t == "number") {
                members.insert("type".into(), json!(["number", "null"]));
            }
            if members.get("format").is_some_and(|f| f == "int64") {
                members.insert("description".into(), "Milliseconds since 1970-01-01T00:00:00Z.".into());
            }
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                for name in INSTANTS {
                    if let Some(Value::Object(instant)) = properties.get_mut(name) {
                        instant.insert("type".into(), "string".into());
                        instant.insert("format".into(), "date-time".into());
                    }
                }
            }
            members.values_mut().for_each(as_written);
        }
        Value::Array(items) => items.iter_mut().for_each(as_written),
        _ => {}
    }
}

/// Writes as serde_json's pretty formatter does, but instants as RFC 3339 and rows of numbers on one line.
struct Layout {
    pretty: PrettyFormatter<'static>,
    key: String,
    in_key: bool,
    /// Depth of arrays within `points` or `rows`; 0 outside.
    rows: usize,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { pretty: PrettyFormatter::with_indent(b"  "), key: String::new(), in_key: false, rows: 0 }
    }
}

impl Layout {
    /// Whether a row is being written, the array of rows itself not.
    fn in_row(&self) -> bool {
        self.rows > 1
    }
}

impl Formatter for Layout {
    fn write_i64<W: ?Sized + Write>(&mut self, to: &mut W, value: i64) -> io::Result<()> {
        if self.rows == 0 && INSTANTS.contains(&&*self.key) {
            write!(to, "\"{}\"", rfc3339(value))
        } else {
            write!(to, "{value}")
        }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.key.clear();
        self.in_key = true;
        self.pretty.begin_object_key(to, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.in_key = false;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        if self.in_key {
            self.key.push_str(fragment);
        }
        // JSON may hold these raw, a terminal that shows it must not.
        for part in fragment.split_inclusive(commands) {
            match part.chars().next_back().filter(|c| commands(*c)) {
                Some(c) => write!(to, "{}\\u{:04x}", &part[..part.len() - c.len_utf8()], c as u32)?,
                None => to.write_all(part.as_bytes())?,
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, to: &mut W, escape: CharEscape) -> io::Result<()> {
        CompactFormatter.write_char_escape(to, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        if self.rows > 0 || ROWS.contains(&&*self.key) {
            self.rows += 1;
        }
        if self.in_row() { to.write_all(b"[") } else { self.pretty.begin_array(to) }
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        let done = if self.in_row() { to.write_all(b"]") } else { self.pretty.end_array(to) };
        if self.rows == 1 {
            self.key.clear();
        }
        self.rows = self.rows.saturating_sub(1);
        done
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        match (self.in_row(), first) {
            (true, true) => Ok(()),
            (true, false) => to.write_all(b", "),
            (false, first) => self.pretty.begin_array_value(to, first),
        }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        if self.in_row() { Ok(()) } else { self.pretty.end_array_value(to) }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.pretty.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.pretty.end_object(to)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(to)
    }
}
