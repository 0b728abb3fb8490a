//! A typed value from a node, for settings declared with serde: every error knows its place.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::node::{Key, Node, Place, Value};
use super::problem::Problem;

/// Reads a value. Only the first problem is known: what follows depends on it.
pub(super) fn read<'a, T: de::Deserialize<'a>>(node: &'a Node) -> Result<T, Problem> {
    T::deserialize(node).map_err(|fault| Problem::new(fault.at.unwrap_or(node.at), fault.message))
}

/// An error on its way up; the innermost place stands.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    at: Option<Place>,
}

impl Fault {
    fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), at: None }
    }
    fn at(mut self, place: Place) -> Fault {
        self.at.get_or_insert(place);
        self
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Fault {
        Fault::new(message.to_string())
    }
    fn unknown_field(field: &str, known: &'static [&'static str]) -> Fault {
        Fault::new(model::params::unknown_key("key", field, known))
    }
    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Fault {
        Fault::new(model::params::unknown_key("value", word, known))
    }
    fn missing_field(field: &'static str) -> Fault {
        Fault::new(format!("`{field}` is missing here"))
    }
}

fn wanted(what: &str, node: &Node) -> Fault {
    let found = match &node.value {
        Value::Null => String::new(),
        Value::Text(text) => format!(", not `{text}`"),
        Value::List(_) => ", not a list".into(),
        Value::Map(_) => ", not more keys".into(),
    };
    Fault::new(format!("{what} is wanted here{found}")).at(node.at)
}

impl Node {
    fn text(&self, what: &str) -> Result<&str, Fault> {
        match &self.value {
            Value::Text(text) => Ok(text),
            _ => Err(wanted(what, self)),
        }
    }

    fn number<T: std::str::FromStr>(&self, what: &str) -> Result<T, Fault> {
        self.text(what)?.parse().map_err(|_| wanted(what, self))
    }
}

/// Declares the methods that read a number.
macro_rules! numbers {
    ($($method:ident $visit:ident $what:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.number($what)?)
        })*
    };
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(pairs) => visitor.visit_map(Pairs { rest: pairs.iter(), value: None }),
            Value::Text(text) => match (text.as_str(), text.parse::<u64>(), text.parse::<f64>()) {
                ("true", ..) => visitor.visit_bool(true),
                ("false", ..) => visitor.visit_bool(false),
                (_, Ok(count), _) => visitor.visit_u64(count),
                (_, _, Ok(number)) if number.is_finite() => visitor.visit_f64(number),
                (text, ..) => visitor.visit_borrowed_str(text),
            },
        }
    }

    numbers! {
        deserialize_bool visit_bool "`true` or `false`";
        deserialize_u8 visit_u8 "a whole number up to 255";
        deserialize_u16 visit_u16 "a whole number up to 65535";
        deserialize_u32 visit_u32 "a whole number";
        deserialize_u64 visit_u64 "a whole number";
        deserialize_i8 visit_i8 "a whole number";
        deserialize_i16 visit_i16 "a whole number";
        deserialize_i32 visit_i32 "a whole number";
        deserialize_i64 visit_i64 "a whole number";
        deserialize_f32 visit_f32 "a number";
        deserialize_f64 visit_f64 "a number";
        deserialize_char visit_char "one character";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.text("text")?).map_err(|e: Fault| e.at(self.at))
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_seq(Items([].iter())),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            _ => Err(wanted("a list", self)),
        }
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let pairs = match &self.value {
            Value::Null => Pairs { rest: [].iter(), value: None },
            Value::Map(pairs) => Pairs { rest: pairs.iter(), value: None },
            _ => return Err(wanted("a group of `key: value`", self)),
        };
        visitor.visit_map(pairs).map_err(|e| e.at(self.at))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Map(pairs) => {
                visitor.visit_enum(MapAccessDeserializer::new(Pairs { rest: pairs.iter(), value: None }))
            }
            _ => visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(self.text("a word")?)),
        }
        .map_err(|e| e.at(self.at))
    }

    serde::forward_to_deserialize_any! { bytes byte_buf unit unit_struct tuple tuple_struct ignored_any }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.0.next().map(|item| seed.deserialize(item).map_err(|e| e.at(item.at))).transpose()
    }
}

struct Pairs<'a> {
    rest: std::slice::Iter<'a, (Key, Node)>,
    value: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Fault;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        let text: StrDeserializer<'_, Fault> = key.text.as_str().into_deserializer();
        seed.deserialize(text).map(Some).map_err(|e| e.at(key.at))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let value = self.value.take().ok_or_else(|| Fault::new("a value without a key"))?;
        seed.deserialize(value).map_err(|e| e.at(value.at))
    }
}
