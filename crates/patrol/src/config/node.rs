//! YAML as a tree in which every key and value knows its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location, Spanned};

use super::problem::Problem;

/// Where something stands in the file. Lines and columns count from 1, columns and width in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// How many characters it is long, at least 1.
    pub width: usize,
}

impl Place {
    fn of(location: Location) -> Place {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
        Place { line: number(location.line()), column: number(location.column()), width: number(location.span().len()) }
    }
}

/// A key and its place.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) at: Place,
}

/// A value and its place; what is not a scalar stands where its key stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Place,
    pub(super) value: Value,
}

/// What a node may be. Whether a scalar is a number is for its reader to say, so `007` stays `007`.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// The value of a key.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(pairs) => pairs.iter().find(|(key, _)| key.text == name).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// Most levels a file may have.
const DEEPEST: usize = 32;

/// Reads a document. The first problem with the notation itself ends it: what follows could mean anything.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEEPEST, max_nodes: 100_000, max_events: 400_000, max_documents: 1 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Bare>>(text, options) {
        Ok(tree) => Ok(settle(tree, None, text)),
        Err(error) => {
            let at = error.location().filter(|l| *l != Location::UNKNOWN).map(Place::of);
            Err(notation(&error, at))
        }
    }
}

/// What is wrong with the notation, in our words where the reader's are about its insides.
fn notation(error: &Error, at: Option<Place>) -> Problem {
    match error {
        Error::AliasError { error, .. } => notation(error, at),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            Problem::new(at, format!("the key `{key}` stands here twice")).hint("keep one of the two")
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => Problem::new(at, "an anchor may not hold itself"),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => Problem::new(
            at,
            format!("this lies more than {DEEPEST} levels deep, which nothing in a configuration does"),
        ),
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            Problem::new(at, "a second document starts here, and only one is read").hint("take the `---` out")
        }
        Error::Budget { .. } => Problem::new(at, "the file holds more than any configuration"),
        _ => {
            let words = error.to_string();
            let words = words.rfind(" at line ").map_or(&*words, |end| words[..end].trim_end_matches([':', ',']));
            Problem::new(at, format!("this is not YAML: {words}"))
        }
    }
}

/// What the YAML reader hands over: it has already made up its mind about numbers.
enum Bare {
    Null,
    /// Quoted text, a block, or words.
    Text(String),
    /// Something it took for a number or a flag; what was written is in the file.
    Written,
    List(Vec<Spanned<Bare>>),
    Map(Vec<(Spanned<String>, Spanned<Bare>)>),
}

/// Takes back what was written, and places what is not a scalar at its key.
fn settle(tree: Spanned<Bare>, key: Option<Place>, file: &str) -> Node {
    let own = Place::of(tree.defined);
    let above = key.unwrap_or(own);
    let (at, value) = match tree.value {
        Bare::Null => (above, Value::Null),
        Bare::Text(text) => (first_line(own, &text), Value::Text(text)),
        Bare::Written => (own, Value::Text(written(tree.defined, file).to_string())),
        Bare::List(items) => (above, Value::List(items.into_iter().map(|item| settle(item, None, file)).collect())),
        Bare::Map(pairs) => {
            let pair = |(key, value): (Spanned<String>, Spanned<Bare>)| {
                let at = Place::of(key.defined);
                (Key { text: key.value, at }, settle(value, Some(at), file))
            };
            (above, Value::Map(pairs.into_iter().map(pair).collect()))
        }
    };
    Node { at, value }
}

/// The place of text, which may go on over lines, on its first line.
fn first_line(at: Place, text: &str) -> Place {
    match text.split_once('\n') {
        Some((first, _)) => Place { width: at.width.min(first.chars().count()).max(1), ..at },
        None => at,
    }
}

/// The piece of the file a location covers.
fn written(location: Location, file: &str) -> &str {
    let span = location.span();
    let piece = || {
        let start = usize::try_from(span.byte_offset()?).ok()?;
        file.get(start..start.checked_add(usize::try_from(span.byte_len()?).ok()?)?)
    };
    piece().unwrap_or_default().trim()
}

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bare, D::Error> {
        from.deserialize_any(BareVisitor)
    }
}

struct BareVisitor;

impl<'de> Visitor<'de> for BareVisitor {
    type Value = Bare;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Bare, E> {
        Ok(Bare::Null)
    }
    fn visit_none<E>(self) -> Result<Bare, E> {
        Ok(Bare::Null)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Bare, E> {
        Ok(Bare::Written)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Bare, E> {
        Ok(Bare::Written)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Bare, E> {
        Ok(Bare::Written)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Bare, E> {
        Ok(Bare::Written)
    }
    fn visit_str<E>(self, text: &str) -> Result<Bare, E> {
        Ok(Bare::Text(text.to_string()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bare, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Bare::List(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Bare, A::Error> {
        let mut all = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            all.push(pair);
        }
        Ok(Bare::Map(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in short: `key@line:column=value@line:column+width`.
    fn short(node: &Node) -> String {
        let place = |p: Place| format!("{}:{}+{}", p.line, p.column, p.width);
        match &node.value {
            Value::Null => format!("null@{}", place(node.at)),
            Value::Text(text) => format!("{text:?}@{}", place(node.at)),
            Value::List(items) => {
                format!("[{}]@{}", items.iter().map(short).collect::<Vec<_>>().join(" "), place(node.at))
            }
            Value::Map(pairs) => {
                let pairs: Vec<String> =
                    pairs.iter().map(|(k, v)| format!("{}@{}={}", k.text, place(k.at), short(v))).collect();
                format!("{{{}}}", pairs.join(" "))
            }
        }
    }

    #[test]
    fn every_key_and_value_knows_its_place() {
        let tree = parse("a: 1\nb:\n  ü: [x, 'y z']\n  n:\nc: |\n  one\n  two\n").unwrap();
        insta::assert_snapshot!(short(&tree), @r#"{a@1:1+1="1"@1:4+1 b@2:1+1={ü@3:3+1=["x"@3:7+1 "y z"@3:10+5]@3:3+1 n@4:3+1=null@4:3+1} c@5:1+1="one\ntwo\n"@6:3+3}"#);
    }

    #[test]
    fn scalars_stay_as_written() {
        let tree = parse("[007, 1e3, 0x1F, yes, true, ~, .inf, 1_000, \"true\", 12345678901234567890123, -5]").unwrap();
        insta::assert_snapshot!(short(&tree), @r#"["007"@1:2+3 "1e3"@1:7+3 "0x1F"@1:12+4 "yes"@1:18+3 "true"@1:23+4 null@1:29+1 ".inf"@1:32+4 "1_000"@1:38+5 "true"@1:45+6 "12345678901234567890123"@1:53+23 "-5"@1:78+2]@1:1+1"#);
    }

    #[test]
    fn an_anchor_is_pointed_at_where_it_is_defined() {
        insta::assert_snapshot!(short(&parse("a: &w 6h\nb: *w\nc: &m {x: 1}\nd:\n  <<: *m\n").unwrap()), @r#"{a@1:1+1="6h"@1:7+2 b@2:1+1="6h"@1:7+2 c@3:1+1={x@3:8+1="1"@3:11+1} d@4:1+1={x@3:8+1="1"@3:11+1}}"#);
    }

    #[test]
    fn what_is_not_yaml_says_where() {
        for text in ["a: [1, 2\nb: 3", "a: 1\na: 2", "a: 1\n---\nb: 2", "a: !secret x", "? [x]\n: 1", "{a: &x [*x]}"] {
            let problem = parse(text).unwrap_err();
            assert!(problem.at.is_some(), "{text:?}: {problem:?}");
        }
    }

    #[test]
    fn a_deep_file_is_refused_and_not_followed() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse("a: &a [x,x]\nb: &b [*a,*a]\n").is_ok());
        // Six levels of ten aliases each would be a million values.
        let level = |name: char| {
            format!("{name}: &{name} [{}]\n", vec![format!("*{}", (name as u8 - 1) as char); 10].join(","))
        };
        let bomb = format!("a: &a [{}]\n{}", ["x"; 10].join(","), ('b'..='f').map(level).collect::<String>());
        assert_eq!(parse(&bomb).unwrap_err().message, "the file holds more than any configuration");
    }
}
