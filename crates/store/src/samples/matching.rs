//! Conditions on labels, made ready to be tried on many series.

use model::labels::Labels;
use model::query::{Compare, Matcher};
use regex::Regex;

use super::StoreError;

/// Conditions that all have to hold.
pub(super) struct Conditions(Vec<Condition>);

struct Condition {
    label: String,
    wanted: bool,
    test: Test,
}

enum Test {
    Is(String),
    Matches(Regex),
}

impl Conditions {
    /// Makes them ready; fails on what is not an expression.
    pub(super) fn new(only: &[Matcher]) -> Result<Conditions, StoreError> {
        let ready = |matcher: &Matcher| {
            let wrong = |e| StoreError::Matcher { matcher: matcher.to_string(), source: Box::new(e) };
            let test = match matcher.compare {
                Compare::Equal | Compare::NotEqual => Test::Is(matcher.value.clone()),
                Compare::Matches | Compare::NotMatches => {
                    // By itself first: `a)(b` would fit into the group.
                    Regex::new(&matcher.value).map_err(wrong)?;
                    // As Prometheus does it: from start to end, and a dot is also a line break.
                    Test::Matches(Regex::new(&format!("^(?s:{})$", matcher.value)).map_err(wrong)?)
                }
            };
            let wanted = matches!(matcher.compare, Compare::Equal | Compare::Matches);
            Ok(Condition { label: matcher.label.clone(), wanted, test })
        };
        only.iter().map(ready).collect::<Result<_, _>>().map(Conditions)
    }

    /// Whether all hold. A label that is missing counts as empty.
    pub(super) fn hold(&self, labels: &Labels) -> bool {
        self.0.iter().all(|condition| {
            let value = labels.get(&condition.label).unwrap_or("");
            let met = match &condition.test {
                Test::Is(wanted) => value == wanted,
                Test::Matches(expression) => expression.is_match(value),
            };
            met == condition.wanted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A condition on a process called `java` without a container, and whether it holds.
    #[test]
    fn conditions_hold_as_in_prometheus() {
        let labels = Labels::from([("process", "java"), ("host", "a\nb")]);
        for (label, compare, value, holds) in [
            ("process", Compare::Equal, "java", true),
            ("process", Compare::Equal, "jav", false),
            ("process", Compare::NotEqual, "node", true),
            ("process", Compare::Matches, "jav", false),
            ("process", Compare::Matches, "node|java", true),
            ("process", Compare::NotMatches, "j.*", false),
            ("host", Compare::Matches, "a.b", true),
            ("container", Compare::Equal, "", true),
            ("container", Compare::Matches, ".+", false),
            ("container", Compare::NotMatches, ".+", true),
        ] {
            let matcher = Matcher { label: label.into(), compare, value: value.into() };
            let conditions = Conditions::new(std::slice::from_ref(&matcher)).unwrap();
            assert_eq!(conditions.hold(&labels), holds, "{matcher}");
        }
        assert!(Conditions::new(&[]).unwrap().hold(&labels));
    }

    #[test]
    fn a_wrong_expression_is_named() {
        let matcher = Matcher { label: "process".into(), compare: Compare::Matches, value: "a)(".into() };
        let error = Conditions::new(&[matcher]).err().unwrap();
        assert_eq!(error.to_string(), r#"cannot read the condition process=~"a)(""#);
        assert!(error.hint().unwrap().contains("RE2"));
    }
}
