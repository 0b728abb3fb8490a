//! One section of the file read against the parameters it may hold: every key and value is judged by itself.

use std::collections::BTreeMap;

use model::params::{self, Param, Params, Raw, RawParams};

use super::node::{Key, Node, Value};
use super::problem::Problem;

/// In which line each key of a section stands.
pub(super) type Lines = BTreeMap<String, usize>;

/// Values that passed, and their lines.
#[derive(Default)]
pub(super) struct Values {
    pub(super) raw: RawParams,
    pub(super) lines: Lines,
}

/// What a section may hold.
pub(super) struct Known<'a> {
    /// How its keys are called in errors: `key`, `parameter`.
    pub(super) what: &'static str,
    /// Those read here.
    pub(super) params: &'a [Param],
    /// Those the caller reads.
    pub(super) others: &'a [&'static str],
    /// Judges values; errors are words for people.
    pub(super) check: &'a dyn Fn(&RawParams) -> Result<(), String>,
}

/// The pairs of a section; nothing written is none.
pub(super) fn pairs<'a>(node: &'a Node, what: &str, problems: &mut Vec<Problem>) -> &'a [(Key, Node)] {
    match &node.value {
        Value::Map(pairs) => pairs,
        Value::Null => &[],
        _ => {
            problems.push(Problem::new(node.at, format!("{what} is wanted here, as `name: value`")));
            &[]
        }
    }
}

/// Reads the values of a section that are well; a problem for each of the others.
pub(super) fn values(pairs: &[(Key, Node)], known: &Known<'_>, problems: &mut Vec<Problem>) -> Values {
    let names: Vec<&str> = known.params.iter().map(|p| p.name).chain(known.others.iter().copied()).collect();
    let mut values = Values::default();
    for (key, node) in pairs {
        if known.others.contains(&key.text.as_str()) {
            continue;
        }
        if !names.contains(&key.text.as_str()) {
            problems.push(Problem::new(key.at, params::unknown_key(known.what, &key.text, &names)));
            continue;
        }
        match raw(node) {
            Ok(None) => {}
            Ok(Some(raw)) => match (known.check)(&RawParams::from([(key.text.clone(), raw.clone())])) {
                Ok(()) => {
                    values.raw.insert(key.text.clone(), raw);
                    values.lines.insert(key.text.clone(), key.at.line);
                }
                Err(why) => problems.push(Problem::new(node.at, why)),
            },
            Err(problem) => problems.push(problem),
        }
    }
    values
}

/// The same for parameters whose type is at hand; those with problems keep their defaults.
pub(super) fn typed<P: Params>(
    pairs: &[(Key, Node)],
    others: &[&'static str],
    problems: &mut Vec<Problem>,
) -> (P, Lines) {
    let check = |raw: &RawParams| P::read(raw).map(|_| ());
    let table = P::table();
    let read = values(pairs, &Known { what: "key", params: &table, others, check: &check }, problems);
    // Each value passed alone, and parameters do not depend on each other.
    (P::read(&read.raw).unwrap_or_default(), read.lines)
}

/// A scalar or a list of scalars, as parameters take them; a key without a value is as if it were not there.
fn raw(node: &Node) -> Result<Option<Raw>, Problem> {
    let scalar = |item: &Node| match &item.value {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(Problem::new(item.at, "one value is wanted here")),
    };
    match &node.value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(Raw::Text(text.clone()))),
        Value::List(items) => items.iter().map(scalar).collect::<Result<_, _>>().map(|all| Some(Raw::List(all))),
        Value::Map(_) => Err(Problem::new(node.at, "a value or a list is wanted here, not more keys")),
    }
}
