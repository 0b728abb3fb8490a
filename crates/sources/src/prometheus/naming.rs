//! From the server's labels to ours: which host a series belongs to, and what to do with series that look the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::labels::Labels;
use model::query::{Compare, Matcher};
use model::series::SeriesSet;
use model::signal::Signal;

use super::selector::without_port;

/// How the series of an answer get our labels.
pub struct Naming<'a> {
    /// What they are series of.
    pub signal: Signal,
    /// Labels that name the host; the first one there counts.
    pub hosts: &'a [String],
    /// Our other labels, with the server's labels that carry them.
    pub labels: &'a [(&'static str, Vec<&'static str>)],
    /// Labels that the way of reading added, to be taken off.
    pub external: &'a Labels,
    /// The conditions of the question.
    pub only: &'a [Matcher],
    /// Addresses that several hosts are known to share, from earlier answers; what is learnt here is added.
    pub shared: &'a mut BTreeSet<String>,
}

/// A series on the way to its name.
struct Named {
    labels: Labels,
    /// The host as the server has it, with its port.
    address: String,
    host: String,
}

impl Naming<'_> {
    /// Names every series, drops empty ones and duplicates; gives what a reader should know.
    pub fn apply(mut self, set: &mut SeriesSet) -> Vec<String> {
        let mut notes = Vec::new();
        let mut named: Vec<Option<Named>> =
            set.iter().map(|s| (s.samples() > 0).then(|| self.named(s.labels))).collect();
        self.settle_asked(&mut named, &mut notes);
        self.settle_shared(&mut named);
        let homeless = named.iter().flatten().filter(|n| n.host.is_empty()).count();
        if homeless > 0 {
            notes.push(format!(
                "{homeless} series carry none of the labels that name a host ({}); see `host_labels`",
                self.hosts.join(", ")
            ));
        }
        for named in named.iter_mut().flatten().filter(|n| !n.host.is_empty()) {
            named.labels = named.labels.with("host", &named.host);
        }
        self.settle_duplicates(&mut named, set, &mut notes);
        set.rename(|row, _| named[row].take().map(|n| n.labels));
        notes
    }

    /// A series by its own labels alone.
    fn named(&self, native: &Labels) -> Named {
        let first = |theirs: &mut dyn Iterator<Item = &str>| {
            theirs.map(|label| (label.to_string(), native.get(label).unwrap_or_default())).find(|(_, v)| !v.is_empty())
        };
        let added = self.external.iter().filter(|(name, value)| native.get(name) == Some(value));
        let mut gone: Vec<String> = added.map(|(name, _)| name.to_string()).chain(["__name__".to_string()]).collect();
        let mut ours = Vec::new();
        for (label, theirs) in self.labels {
            if let Some((from, value)) = first(&mut theirs.iter().copied()) {
                gone.push(from);
                ours.push((*label, value));
            }
        }
        let keep: Vec<&str> = native.iter().map(|(n, _)| n).filter(|n| gone.iter().all(|g| g != n)).collect();
        let mut labels = native.keep(&keep);
        for (label, value) in ours {
            labels = labels.with(label, value);
        }
        let address = first(&mut self.hosts.iter().map(String::as_str)).map_or("", |(_, value)| value);
        Named { labels, address: address.into(), host: without_port(address).into() }
    }

    /// A host that was asked for with its port: its own series if there are, else those of all exporters there.
    fn settle_asked(&self, named: &mut [Option<Named>], notes: &mut Vec<String>) {
        let asked = self.only.iter().find(|m| m.label == "host" && m.compare == Compare::Equal);
        let Some(asked) = asked.map(|m| m.value.as_str()).filter(|v| without_port(v) != *v) else { return };
        if named.iter().flatten().any(|n| n.address == asked) {
            for slot in named.iter_mut().filter(|slot| slot.as_ref().is_some_and(|n| n.address != asked)) {
                *slot = None;
            }
        } else if named.iter().flatten().next().is_some() && self.shared.contains(without_port(asked)) {
            notes.push(format!(
                "several hosts share the address {}; these series may be of any of them, not only of {asked}",
                without_port(asked)
            ));
        }
        for named in named.iter_mut().flatten().filter(|n| n.host == without_port(asked)) {
            named.host = asked.into();
        }
    }

    /// Hosts that only their port tells apart keep it.
    fn settle_shared(&mut self, named: &mut [Option<Named>]) {
        let mut seen: HashMap<Labels, &str> = HashMap::new();
        let mut shared: BTreeSet<String> = BTreeSet::new();
        for named in named.iter().flatten() {
            let identity = self.identity(&named.labels.with("host", &named.host));
            match seen.get(&identity) {
                Some(address) if *address != named.address => {
                    shared.insert(named.host.clone());
                }
                Some(_) => {}
                None => {
                    seen.insert(identity, &named.address);
                }
            }
        }
        for named in named.iter_mut().flatten().filter(|n| shared.contains(&n.host)) {
            self.shared.insert(without_port(&named.address).into());
            named.host.clone_from(&named.address);
        }
    }

    /// The labels that tell series of this signal apart, over several clusters as well: each has its own 10.0.0.1.
    fn identity(&self, labels: &Labels) -> Labels {
        labels.keep(&[self.signal.labels(), &["cluster"]].concat())
    }

    /// Of series that nothing tells apart, those that follow one another are joined, else the fullest stands.
    fn settle_duplicates(&self, named: &mut [Option<Named>], set: &mut SeriesSet, notes: &mut Vec<String>) {
        let mut first: HashMap<Labels, usize> = HashMap::with_capacity(named.len());
        let (mut joined, mut dropped) = (Vec::new(), Vec::new());
        for row in 0..named.len() {
            let Some(labels) = named[row].as_ref().map(|n| n.labels.clone()) else { continue };
            let identity = self.identity(&labels);
            let Some(before) = first.get(&identity).copied() else {
                first.insert(identity, row);
                continue;
            };
            let others = named[before].as_ref().map(|n| differing(&n.labels, &labels)).unwrap_or_default();
            let (stays, goes) =
                if set.get(row).samples() > set.get(before).samples() { (row, before) } else { (before, row) };
            if join(set, stays, goes) { &mut joined } else { &mut dropped }.push((identity.clone(), others));
            named[goes] = None;
            first.insert(identity, stays);
        }
        notes.extend(told("series follow one another under other labels and are joined", &joined));
        notes.extend(told("series are there more than once; the one with more samples stands", &dropped));
    }
}

/// Puts the samples of a row that ends where the other begins, or begins where it ends, into that other row.
fn join(set: &mut SeriesSet, stays: usize, goes: usize) -> bool {
    let ends = |row: usize| {
        let values = set.get(row).values;
        Some((values.iter().position(|v| !v.is_nan())?, values.iter().rposition(|v| !v.is_nan())?))
    };
    let (Some((first, last)), Some((other_first, other_last))) = (ends(stays), ends(goes)) else { return false };
    let after = last <= other_first;
    if !(after || other_last <= first) {
        return false;
    }
    let from = set.get(goes).values.to_vec();
    for (cell, value) in set.row_mut(stays).iter_mut().zip(from) {
        // In the cell that both have, the later one stands.
        if !value.is_nan() && (cell.is_nan() || after) {
            *cell = value;
        }
    }
    true
}

/// Names of the labels two series differ in.
fn differing(a: &Labels, b: &Labels) -> Vec<String> {
    let all: BTreeMap<&str, &str> = a.iter().chain(b.iter()).collect();
    all.keys().filter(|name| a.get(name) != b.get(name)).map(|name| name.to_string()).collect()
}

/// A note on some series, with one of them as an example.
fn told(what: &str, series: &[(Labels, Vec<String>)]) -> Option<String> {
    let (labels, others) = series.first()?;
    let by = if others.is_empty() { String::new() } else { format!(", which differ in {}", others.join(", ")) };
    Some(format!("{} {what}: {{{labels}}}{by}", series.len()))
}

#[cfg(test)]
mod tests {
    use model::params::matchers;
    use model::time::{Span, Window};

    use super::*;

    const NAN: f64 = f64::NAN;

    /// Names series given as selector and cells; shows them as text.
    fn apply(
        signal: Signal,
        hosts: &[&str],
        only: &str,
        shared: &mut BTreeSet<String>,
        series: &[(&str, &[f64])],
    ) -> String {
        let window = Window::ending(3, Span::from_millis(3), Span::from_millis(1)).unwrap();
        let mut set = SeriesSet::new(window);
        for (labels, values) in series {
            let labels = matchers(labels).unwrap().into_iter().map(|m| (m.label, m.value)).collect();
            set.push(labels)[..values.len()].copy_from_slice(values);
        }
        let hosts: Vec<String> = hosts.iter().map(|h| h.to_string()).collect();
        let labels = [("process", vec!["groupname"])];
        let (external, only) = (Labels::from([("replica", "r1")]), matchers(only).unwrap());
        let naming = Naming { signal, hosts: &hosts, labels: &labels, external: &external, only: &only, shared };
        let notes = naming.apply(&mut set);
        let rows = set.iter().map(|s| format!("{} {:?}\n", s.labels, s.values));
        rows.chain(notes.iter().map(|n| format!("note: {n}\n"))).collect()
    }

    fn hosts(series: &[(&str, &[f64])]) -> String {
        apply(Signal::HostMemoryTotal, &["instance"], "", &mut BTreeSet::new(), series)
    }

    #[test]
    fn a_series_gets_the_host_without_its_port_and_keeps_its_own_labels() {
        insta::assert_snapshot!(hosts(&[(r#"__name__="m", instance="a:9100", job="node""#, &[1.0]), (r#"instance="b""#, &[2.0])]), @r#"
        host="a", instance="a:9100", job="node" [1.0, NaN, NaN]
        host="b", instance="b" [2.0, NaN, NaN]
        "#);
    }

    #[test]
    fn hosts_that_share_an_address_keep_their_ports() {
        let mut shared = BTreeSet::new();
        let two: [(&str, &[f64]); 2] = [(r#"instance="a:1""#, &[1.0]), (r#"instance="a:2""#, &[2.0])];
        insta::assert_snapshot!(apply(Signal::HostMemoryTotal, &["instance"], "", &mut shared, &two), @r#"
        host="a:1", instance="a:1" [1.0, NaN, NaN]
        host="a:2", instance="a:2" [2.0, NaN, NaN]
        "#);
        // Processes are seen by another exporter, under another port: whose they are nobody can tell.
        let process: [(&str, &[f64]); 1] = [(r#"groupname="x", instance="a:3""#, &[1.0])];
        let only = r#"{host="a:1"}"#;
        insta::assert_snapshot!(apply(Signal::ProcessResident, &["instance"], only, &mut shared, &process), @r#"
        host="a:1", instance="a:3", process="x" [1.0, NaN, NaN]
        note: several hosts share the address a; these series may be of any of them, not only of a:1
        "#);
        // The same question where nobody shares: no note.
        insta::assert_snapshot!(apply(Signal::ProcessResident, &["instance"], only, &mut BTreeSet::new(), &process), @r#"host="a:1", instance="a:3", process="x" [1.0, NaN, NaN]"#);
        // And where the port is that of a host, only its own series are meant.
        insta::assert_snapshot!(apply(Signal::HostMemoryTotal, &["instance"], only, &mut shared, &two), @r#"host="a:1", instance="a:1" [1.0, NaN, NaN]"#);
    }

    #[test]
    fn of_duplicates_the_fullest_stands_and_the_notes_say_so() {
        insta::assert_snapshot!(hosts(&[
            (r#"instance="a:1", job="x""#, &[1.0, NAN, 1.0]),
            (r#"instance="a:1", job="y""#, &[2.0, 2.0, 2.0]),
            (r#"instance="a:1", job="z""#, &[3.0, NAN, 3.0]),
        ]), @r#"
        host="a", instance="a:1", job="y" [2.0, 2.0, 2.0]
        note: 2 series are there more than once; the one with more samples stands: {host="a"}, which differ in job
        "#);
    }

    #[test]
    fn a_series_that_goes_on_under_another_label_is_one() {
        insta::assert_snapshot!(hosts(&[
            (r#"instance="a:1", id="2""#, &[NAN, 2.0, 2.0]),
            (r#"instance="a:1", id="1""#, &[1.0, 1.0]),
        ]), @r#"
        host="a", id="2", instance="a:1" [1.0, 2.0, 2.0]
        note: 1 series follow one another under other labels and are joined: {host="a"}, which differ in id
        "#);
    }

    #[test]
    fn clusters_have_hosts_of_the_same_name_and_labels_of_the_way_are_taken_off() {
        insta::assert_snapshot!(hosts(&[
            (r#"cluster="x", instance="a:1", replica="r1""#, &[1.0]),
            (r#"cluster="y", instance="a:1", replica="r2""#, &[2.0]),
        ]), @r#"
        cluster="x", host="a", instance="a:1" [1.0, NaN, NaN]
        cluster="y", host="a", instance="a:1", replica="r2" [2.0, NaN, NaN]
        "#);
    }

    #[test]
    fn the_first_label_there_is_names_the_host() {
        let series: [(&str, &[f64]); 4] = [
            (r#"node="n1", instance="x:1""#, &[1.0]),
            (r#"node="", instance="y:1""#, &[1.0]),
            (r#"job="z""#, &[1.0]),
            (r#"node="empty""#, &[]),
        ];
        insta::assert_snapshot!(apply(Signal::HostMemoryTotal, &["node", "instance"], "", &mut BTreeSet::new(), &series), @r#"
        host="n1", instance="x:1", node="n1" [1.0, NaN, NaN]
        host="y", instance="y:1", node="" [1.0, NaN, NaN]
        job="z" [1.0, NaN, NaN]
        note: 1 series carry none of the labels that name a host (node, instance); see `host_labels`
        "#);
    }
}
