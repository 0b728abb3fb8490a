//! Parameters declared once: type, default, documentation, form and unknown-key error come from one place.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::query::{Compare, Matcher};
use crate::time::Span;

/// A value as it stands in a configuration, before anybody knows what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// A scalar, as written.
    Text(String),
    /// A list of scalars.
    List(Vec<String>),
}

/// Values as they stand in a configuration, by key.
pub type RawParams = BTreeMap<String, Raw>;

/// What kind of value a parameter takes; decides the schema and the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A number with a fraction.
    Number,
    /// A whole number, not negative.
    Count,
    /// A duration, `15s`, `1h30m`.
    Duration,
    /// A number of bytes, `512MiB`, `2GiB`.
    Size,
    /// Words.
    Text,
    /// A list, or text with an item a line.
    List,
    /// Conditions on labels: `{env="prod", job!~"test.*"}`.
    Matchers,
}

/// One parameter, as shown in documents, on the command line and in forms.
#[derive(Clone, Debug, Serialize)]
pub struct Param {
    /// Key in the configuration.
    pub name: &'static str,
    /// What kind of value it takes.
    pub kind: Kind,
    /// Documentation.
    pub doc: &'static str,
    /// Default, as written in a configuration.
    pub default: String,
}

/// A type a parameter may have.
pub trait Value: Sized {
    /// What kind it is.
    const KIND: Kind;
    /// Reads it; the error says how to write it.
    fn read(raw: &Raw) -> Result<Self, String>;
    /// Writes it as it would stand in a configuration.
    fn show(&self) -> String;
}

/// The scalar in a raw value, or how to write one.
fn scalar<'a>(raw: &'a Raw, like: &str) -> Result<&'a str, String> {
    match raw {
        Raw::Text(text) => Ok(text.trim()),
        Raw::List(_) => Err(format!("one value is wanted here, like {like}, not a list")),
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Flag;
    fn read(raw: &Raw) -> Result<bool, String> {
        match scalar(raw, "`true`")? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(format!("`{other}` is neither `true` nor `false`")),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Number;
    fn read(raw: &Raw) -> Result<f64, String> {
        let text = scalar(raw, "`0.95`")?;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("`{text}` is not a number")),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for usize {
    const KIND: Kind = Kind::Count;
    fn read(raw: &Raw) -> Result<usize, String> {
        let text = scalar(raw, "`10`")?;
        text.parse().map_err(|_| format!("`{text}` is not a whole number"))
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for Span {
    const KIND: Kind = Kind::Duration;
    fn read(raw: &Raw) -> Result<Span, String> {
        scalar(raw, "`6h`")?.parse()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;
    fn read(raw: &Raw) -> Result<String, String> {
        scalar(raw, "`text`").map(str::to_string)
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for Vec<String> {
    const KIND: Kind = Kind::List;
    /// A list, or text with an item a line; blanks around items and empty lines do not count.
    fn read(raw: &Raw) -> Result<Vec<String>, String> {
        let items: Vec<&str> = match raw {
            Raw::Text(text) => text.lines().collect(),
            Raw::List(items) => items.iter().map(String::as_str).collect(),
        };
        Ok(items.into_iter().map(str::trim).filter(|i| !i.is_empty()).map(str::to_string).collect())
    }
    fn show(&self) -> String {
        self.join("\n")
    }
}

impl Value for Vec<Matcher> {
    const KIND: Kind = Kind::Matchers;
    fn read(raw: &Raw) -> Result<Vec<Matcher>, String> {
        matchers(scalar(raw, r#"`{env="prod"}`"#)?)
    }
    fn show(&self) -> String {
        let all: Vec<String> = self.iter().map(Matcher::to_string).collect();
        if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(", ")) }
    }
}

/// Reads conditions on labels as a selector has them, with or without braces: `{env="prod", job!~"test.*"}`.
pub fn matchers(text: &str) -> Result<Vec<Matcher>, String> {
    let wrong = |at: &str| {
        format!("cannot read the label conditions at `{at}`; write them like `{{env=\"prod\", job!~\"test.*\"}}`")
    };
    let text = text.trim();
    let mut rest = match (text.strip_prefix('{'), text.strip_suffix('}')) {
        (Some(_), Some(_)) => text[1..text.len() - 1].trim(),
        (None, None) => text,
        _ => return Err(wrong(text)),
    };
    let mut out = Vec::new();
    while !rest.is_empty() {
        let name_end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.:".contains(c))).ok_or_else(|| wrong(rest))?;
        let (label, after) = rest.split_at(name_end);
        let after = after.trim_start();
        let (compare, width) = match after.as_bytes() {
            [b'=', b'~', ..] => (Compare::Matches, 2),
            [b'!', b'~', ..] => (Compare::NotMatches, 2),
            [b'!', b'=', ..] => (Compare::NotEqual, 2),
            [b'=', ..] => (Compare::Equal, 1),
            _ => return Err(wrong(rest)),
        };
        if label.is_empty() {
            return Err(wrong(rest));
        }
        let (value, left) = quoted(after[width..].trim_start()).ok_or_else(|| wrong(rest))?;
        out.push(Matcher { label: label.into(), compare, value });
        rest = left.trim_start();
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_start();
        } else if !rest.is_empty() {
            return Err(wrong(rest));
        }
    }
    Ok(out)
}

/// Reads a double-quoted string with `\"`, `\\`, `\n` and `\t`; gives it and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"')?;
    let (mut value, mut chars) = (String::new(), body.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &body[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                c @ ('"' | '\\') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

/// A parameter struct made by [`params!`](crate::params!).
pub trait Params: Default + Clone + Send + Sync {
    /// One row a parameter, in the order declared.
    fn table() -> Vec<Param>;
    /// Reads raw values over the defaults; an unknown key is an error that names its neighbours.
    fn read(raw: &RawParams) -> Result<Self, String>;
    /// Every parameter's value as it would stand in a configuration.
    fn values(&self) -> Vec<(&'static str, String)>;
}

/// The error for a key nobody knows: names the nearest known one, or all.
pub fn unknown_key(what: &str, key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(near) => format!("unknown {what} `{key}`; did you mean `{near}`? Known: {}", known.join(", ")),
        None => format!("unknown {what} `{key}`; known: {}", known.join(", ")),
    }
}

/// The known word within two slips (edit distance, Levenshtein 1966) of what was typed.
pub fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |a: &str, b: &str| {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, ca) in a.chars().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, cb) in b.iter().enumerate() {
                let next = (diagonal + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
                diagonal = row[j + 1];
                row[j + 1] = next;
            }
        }
        row[b.len()]
    };
    let near = known.iter().map(|k| (distance(typed, k), *k)).min()?;
    (near.0 <= 2.max(typed.chars().count() / 3)).then_some(near.1)
}

/// Declares a parameter struct: `params! { /// doc  Name { /// doc  field: Type = default, } }`.
#[macro_export]
macro_rules! params {
    ($(#[doc = $sdoc:literal])* $name:ident { $( $(#[doc = $doc:literal])+ $field:ident : $ty:ty = $default:expr ),* $(,)? }) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $ty ),* }

        impl Default for $name {
            fn default() -> Self { Self { $( $field: $default ),* } }
        }

        impl $crate::params::Params for $name {
            fn table() -> Vec<$crate::params::Param> {
                let d = Self::default();
                vec![ $( $crate::params::Param {
                    name: stringify!($field),
                    kind: <$ty as $crate::params::Value>::KIND,
                    doc: concat!($($doc),+).trim(),
                    default: $crate::params::Value::show(&d.$field),
                } ),* ]
            }
            fn read(raw: &$crate::params::RawParams) -> Result<Self, String> {
                let mut it = Self::default();
                for (key, value) in raw {
                    match key.as_str() {
                        $( stringify!($field) => {
                            it.$field = <$ty as $crate::params::Value>::read(value).map_err(|e| format!("`{key}`: {e}"))?;
                        } )*
                        _ => return Err($crate::params::unknown_key("parameter", key, &[$(stringify!($field)),*])),
                    }
                }
                Ok(it)
            }
            fn values(&self) -> Vec<(&'static str, String)> {
                vec![ $( (stringify!($field), $crate::params::Value::show(&self.$field)) ),* ]
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    params! {
        /// A sample.
        Sample {
            /// Which hosts.
            hosts: Vec<String> = Vec::new(),
            /// Which labels.
            only: Vec<Matcher> = Vec::new(),
            /// How far.
            window: Span = Span::from_hours(6),
            /// How much.
            share: f64 = 0.5,
        }
    }

    fn raw(pairs: &[(&str, &str)]) -> RawParams {
        pairs.iter().map(|(k, v)| (k.to_string(), Raw::Text(v.to_string()))).collect()
    }

    #[test]
    fn values_are_read_over_the_defaults() {
        let p =
            Sample::read(&raw(&[("hosts", " a \n\n b\n"), ("only", r#"{env="p\"q", job!~"t.*"}"#), ("window", "24h")]))
                .unwrap();
        assert_eq!(p.hosts, ["a", "b"]);
        assert_eq!(p.only[0], Matcher::equal("env", "p\"q"));
        assert_eq!(p.values()[1].1, r#"{env="p\"q", job!~"t.*"}"#);
        assert_eq!((p.window, p.share), (Span::from_hours(24), 0.5));
    }

    #[test]
    fn a_slip_of_the_keyboard_names_its_neighbour() {
        let error = Sample::read(&raw(&[("windw", "1h")])).unwrap_err();
        assert_eq!(error, "unknown parameter `windw`; did you mean `window`? Known: hosts, only, window, share");
        let error = Sample::read(&raw(&[("share", "much")])).unwrap_err();
        assert_eq!(error, "`share`: `much` is not a number");
    }

    #[test]
    fn the_table_tells_kind_default_and_doc() {
        let t = Sample::table();
        assert_eq!(
            (t[2].name, t[2].kind, t[2].default.as_str(), t[2].doc),
            ("window", Kind::Duration, "6h", "How far.")
        );
    }

    #[test]
    fn broken_conditions_say_how_to_write_them() {
        for text in ["{", "env", "env=", "env=prod", r#"env="a" b="c""#, r#"="a""#, r#"env="a\q""#] {
            assert!(matchers(text).unwrap_err().contains("write them like"), "{text}");
        }
    }
}
