//! Label names and values: together they name one thing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// Labels sorted by name, each name once. Cheap to clone, so that one set can stand in many places.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.binary_search_by(|(n, _)| (**n).cmp(name)).ok().map(|i| &*self.0[i].1)
    }

    /// Names and values in the order of names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (&**n, &**v))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the labels of these names.
    pub fn keep(&self, names: &[&str]) -> Labels {
        self.0.iter().filter(|(n, _)| names.contains(&&**n)).cloned().collect()
    }

    /// These labels with one more, or with another value for it.
    pub fn with(&self, name: &str, value: &str) -> Labels {
        let others = self.0.iter().filter(|(n, _)| &**n != name).cloned();
        others.chain([(Arc::from(name), Arc::from(value))]).collect()
    }
}

impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Labels {
    /// Sorts by name; of a name given twice the last value stands.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Labels {
        let mut all: Vec<(Arc<str>, Arc<str>)> = pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let mut one: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(all.len());
        for pair in all {
            match one.last_mut() {
                Some(last) if last.0 == pair.0 => *last = pair,
                _ => one.push(pair),
            }
        }
        Labels(one.into())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Labels {
    fn from(pairs: [(&str, &str); N]) -> Labels {
        pairs.into_iter().collect()
    }
}

impl From<BTreeMap<String, String>> for Labels {
    fn from(map: BTreeMap<String, String>) -> Labels {
        map.into_iter().collect()
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> BTreeMap<String, String> {
        labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
    }
}

impl JsonSchema for Labels {
    fn schema_name() -> Cow<'static, str> {
        "Labels".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = BTreeMap::<String, String>::json_schema(generator);
        schema.insert("description".into(), "Label names and values: together they name one thing.".into());
        schema
    }
}

impl fmt::Display for Labels {
    /// `host="a", pod="b"`, as in a selector, with quotes and backslashes escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.iter().enumerate() {
            write!(f, "{}{name}={value:?}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_writing_does_not_matter_and_the_last_of_a_name_stands() {
        let a = Labels::from([("b", "2"), ("a", "1"), ("b", "3")]);
        assert_eq!(a, Labels::from([("a", "1"), ("b", "3")]));
        assert_eq!(a.to_string(), r#"a="1", b="3""#);
        assert_eq!((a.get("b"), a.get("c")), (Some("3"), None));
        assert_eq!(a.with("a", "9").keep(&["a"]), Labels::from([("a", "9")]));
    }
}
