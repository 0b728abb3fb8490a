//! From a question to what the server is asked: our conditions written into its expressions.

use model::query::{Compare, Matcher};
use model::time::{Span, Window};
use promql_parser::label::Matcher as Condition;
use promql_parser::parser::{self, Expr, VectorSelector, token};
use promql_parser::util::visitor::{ExprVisitorMut, walk_expr_mut};

use super::fault::Fault;
use super::signals::Alternative;

/// What the server is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The samples of these selectors, as they are.
    Selectors(Vec<VectorSelector>),
    /// The values of an expression at the ends of the cells.
    Expression(String),
}

impl Ask {
    /// Writes the conditions of a question into the alternatives of a signal.
    ///
    /// `hosts` are the labels that name the host. Errors: a condition that is no regular expression, an expression
    /// that the conditions cannot be written into.
    pub fn new(alternatives: &[Alternative], hosts: &[String], only: &[Matcher]) -> Result<Ask, Fault> {
        let mut asked = Vec::new();
        for alternative in alternatives {
            let expression = parser::parse(&alternative.expression).map_err(Fault::new)?;
            for conditions in branches(alternative, hosts, only)? {
                asked.push(injected(expression.clone(), &conditions));
            }
        }
        let selectors: Option<Vec<VectorSelector>> = asked.iter().map(plain).collect();
        Ok(selectors.map_or_else(|| Ask::Expression(joined(&asked)), Ask::Selectors))
    }

    /// The text a person would ask the server, without the grid.
    pub fn text(&self) -> String {
        match self {
            Ask::Expression(text) => text.clone(),
            Ask::Selectors(all) => {
                all.iter().map(|s| Expr::VectorSelector(s.clone()).to_string()).collect::<Vec<_>>().join(" or ")
            }
        }
    }

    /// The expression of a range query whose values at the ends of the cells are the last samples within them.
    ///
    /// A cell is open on the left. So is a range of PromQL since Prometheus 3, but not before (`closed`): there it is
    /// taken one millisecond shorter, which is the same, times being whole milliseconds.
    pub fn over(&self, window: &Window, closed: bool) -> String {
        let step = window.step.millis();
        let range = Span::from_millis(if closed && step > 1 { step - 1 } else { step });
        match self {
            Ask::Expression(text) => text.clone(),
            Ask::Selectors(all) => {
                let one = |s: &VectorSelector| format!("last_over_time({}[{range}])", Expr::VectorSelector(s.clone()));
                all.iter().map(one).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}

/// The selector, if an expression is nothing but one: no offset, no `@`, no alternatives within the braces.
fn plain(expression: &Expr) -> Option<VectorSelector> {
    match expression {
        Expr::VectorSelector(s) if s.offset.is_none() && s.at.is_none() && s.matchers.or_matchers.is_empty() => {
            Some(s.clone())
        }
        Expr::Paren(inner) => plain(&inner.expr),
        _ => None,
    }
}

/// Expressions one of which may hold, as one.
fn joined(all: &[Expr]) -> String {
    match all {
        [one] => one.to_string(),
        many => many.iter().map(|e| format!("({e})")).collect::<Vec<_>>().join(" or "),
    }
}

/// An expression with conditions added to each of its selectors.
fn injected(mut expression: Expr, conditions: &[Condition]) -> Expr {
    struct Injector<'a>(&'a [Condition]);
    impl Injector<'_> {
        fn add(&self, selector: &mut VectorSelector) {
            let matchers = &mut selector.matchers;
            if matchers.or_matchers.is_empty() {
                matchers.matchers.extend_from_slice(self.0);
            }
            for group in &mut matchers.or_matchers {
                group.extend_from_slice(self.0);
            }
        }
    }
    impl ExprVisitorMut for Injector<'_> {
        type Error = std::convert::Infallible;
        fn pre_visit(&mut self, expression: &mut Expr) -> Result<bool, Self::Error> {
            match expression {
                Expr::VectorSelector(selector) => self.add(selector),
                Expr::MatrixSelector(matrix) => self.add(&mut matrix.vs),
                _ => {}
            }
            Ok(true)
        }
    }
    let Ok(_) = walk_expr_mut(&mut Injector(conditions), &mut expression);
    expression
}

/// The conditions in the server's labels: a list for each way in which our labels may be present.
///
/// Of several labels that may carry one of ours the first one there counts, so that a condition on ours holds if it
/// holds for the first label, or if that is absent and it holds for the second.
fn branches(alternative: &Alternative, hosts: &[String], only: &[Matcher]) -> Result<Vec<Vec<Condition>>, Fault> {
    let mut passed = Vec::new();
    let mut by_label: Vec<(&str, Vec<&str>, Vec<&Matcher>)> = Vec::new();
    for matcher in only {
        let theirs: Vec<&str> = match alternative.labels.iter().find(|(ours, _)| *ours == matcher.label) {
            Some((_, theirs)) => theirs.clone(),
            None if matcher.label == "host" => hosts.iter().map(String::as_str).collect(),
            None => {
                passed.push(condition(&matcher.label, matcher.compare, &matcher.value)?);
                continue;
            }
        };
        match by_label.iter_mut().find(|(ours, _, _)| *ours == matcher.label) {
            Some((_, _, matchers)) => matchers.push(matcher),
            None => by_label.push((&matcher.label, theirs, vec![matcher])),
        }
    }
    let mut all = vec![passed];
    for (ours, theirs, matchers) in by_label {
        let mut next = Vec::new();
        for (at, label) in theirs.iter().enumerate() {
            let mut own = Vec::new();
            for earlier in &theirs[..at] {
                own.push(condition(earlier, Compare::Equal, "")?);
            }
            if at + 1 < theirs.len() {
                own.push(condition(label, Compare::NotEqual, "")?);
            }
            for matcher in &matchers {
                own.push(if ours == "host" { host_condition(label, matcher)? } else { renamed(label, matcher)? });
            }
            next.extend(all.iter().map(|before| [before.as_slice(), own.as_slice()].concat()));
        }
        all = next;
    }
    Ok(all)
}

/// A condition on one of our labels, on the server's label that carries it.
fn renamed(label: &str, matcher: &Matcher) -> Result<Condition, Fault> {
    condition(label, matcher.compare, &matcher.value)
}

/// A condition on `host`, on a label of the server that may have a port after the host.
///
/// A host that is named with a port is still looked for under any port: the exporters of one host have different ones.
fn host_condition(label: &str, matcher: &Matcher) -> Result<Condition, Fault> {
    let (compare, value) = (matcher.compare, matcher.value.as_str());
    if value.is_empty() && matches!(compare, Compare::Equal | Compare::NotEqual) {
        return condition(label, compare, "");
    }
    let any_port = "(:[0-9]+)?";
    let (compare, pattern) = match compare {
        Compare::Equal => (Compare::Matches, regex::escape(without_port(value)) + any_port),
        Compare::NotEqual if without_port(value) != value => (Compare::NotEqual, value.to_string()),
        Compare::NotEqual => (Compare::NotMatches, regex::escape(value) + any_port),
        Compare::Matches | Compare::NotMatches => (compare, format!("(?:{value}){any_port}")),
    };
    condition(label, compare, &pattern)
}

/// A condition as the server's language has it.
fn condition(label: &str, compare: Compare, value: &str) -> Result<Condition, Fault> {
    let id = match compare {
        Compare::Equal => token::T_EQL,
        Compare::NotEqual => token::T_NEQ,
        Compare::Matches => token::T_EQL_REGEX,
        Compare::NotMatches => token::T_NEQ_REGEX,
    };
    Condition::new_matcher(id, label.to_string(), value.to_string()).map_err(|_| {
        Fault::new(format!("`{value}` is not a regular expression")).hint("`=~` takes a regular expression (RE2)")
    })
}

/// An address without its port: `10.0.0.1:9100` is `10.0.0.1`, `[::1]:9100` is `[::1]`. Anything else stays.
pub fn without_port(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port))
            if !host.is_empty()
                && !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(expression: &str, hosts: &[&str], only: &str) -> String {
        let alternative =
            Alternative { expression: expression.into(), labels: vec![("process", vec!["process", "groupname"])] };
        let hosts: Vec<String> = hosts.iter().map(|h| h.to_string()).collect();
        Ask::new(&[alternative], &hosts, &model::params::matchers(only).unwrap()).unwrap().text()
    }

    #[test]
    fn conditions_on_our_labels_become_conditions_on_theirs() {
        let host = ["instance"];
        insta::assert_snapshot!(ask("m", &host, r#"{host="10.0.0.1",env="prod"}"#), @r#"m{env="prod",instance=~"10\\.0\\.0\\.1(:[0-9]+)?"}"#);
        insta::assert_snapshot!(ask("m", &host, r#"{host="10.0.0.1:9100"}"#), @r#"m{instance=~"10\\.0\\.0\\.1(:[0-9]+)?"}"#);
        insta::assert_snapshot!(ask("m{a=\"b\"}", &host, r#"{host=~"web.*|db",host!="web1"}"#), @r#"m{a="b",instance!~"web1(:[0-9]+)?",instance=~"(?:web.*|db)(:[0-9]+)?"}"#);
        insta::assert_snapshot!(ask("m", &["node", "instance"], r#"{host="a"}"#), @r#"m{node!="",node=~"a(:[0-9]+)?"} or m{instance=~"a(:[0-9]+)?",node=""}"#);
        insta::assert_snapshot!(ask("rate(m[5m]) + max by (instance) (n)", &host, r#"{job="x"}"#), @r#"rate(m{job="x"}[5m]) + max by (instance) (n{job="x"})"#);
        insta::assert_snapshot!(ask("m", &host, r#"{process="a \"b\"\\"}"#), @r#"m{process!="",process="a \"b\"\\"} or m{groupname="a \"b\"\\",process=""}"#);
        insta::assert_snapshot!(ask("a + b", &["node", "instance"], r#"{host="h"}"#), @r#"(a{node!="",node=~"h(:[0-9]+)?"} + b{node!="",node=~"h(:[0-9]+)?"}) or (a{instance=~"h(:[0-9]+)?",node=""} + b{instance=~"h(:[0-9]+)?",node=""})"#);
    }

    #[test]
    fn the_range_is_the_cell() {
        let window = Window::ending(120_000, Span::from_mins(2), Span::from_mins(1)).unwrap();
        let alternative = Alternative { expression: "(m)".into(), labels: Vec::new() };
        let ask = Ask::new(&[alternative], &[], &[]).unwrap();
        assert_eq!(ask.over(&window, true), "last_over_time(m[59s999ms])");
        assert_eq!(ask.over(&window, false), "last_over_time(m[1m])");
    }

    #[test]
    fn ports_are_cut_off_and_nothing_else() {
        for (address, host) in [
            ("10.0.0.1:9100", "10.0.0.1"),
            ("[::1]:9100", "[::1]"),
            ("::1", "::1"),
            ("fe80::1:2", "fe80::1:2"),
            ("web:", "web:"),
            ("web:http", "web:http"),
            (":9100", ":9100"),
            ("web", "web"),
            ("", ""),
        ] {
            assert_eq!(without_port(address), host);
        }
    }

    proptest! {
        /// Whatever stands in a value, it comes back from the text as it was: nothing breaks out of the quotes.
        #[test]
        fn values_are_escaped(value in ".*", label in "[a-z_]{1,8}") {
            let only = [Matcher::equal(&label, &value)];
            let alternative = Alternative { expression: "m".into(), labels: Vec::new() };
            let text = Ask::new(&[alternative], &[], &only).unwrap().text();
            let Expr::VectorSelector(read) = parser::parse(&text).unwrap() else { panic!("{text}") };
            prop_assert_eq!((&read.matchers.matchers[0].name, &read.matchers.matchers[0].value), (&label, &value));
        }

        /// A condition on a host is met by that host at any port, and by no other.
        #[test]
        fn a_host_matches_itself_at_any_port(host in "[a-z0-9.-]{1,12}", other in "[a-z0-9.-]{1,12}", port: u16) {
            let met = host_condition("instance", &Matcher::equal("host", &host)).unwrap();
            let with_port = format!("{host}:{port}");
            prop_assert!(met.is_match(&host) && met.is_match(&with_port));
            prop_assert_eq!(met.is_match(&other), host == other);
        }
    }
}
