//! The kinds of profile that are fetched, and where each of them is.

use reqwest::Url;

/// A kind of profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What is allocated and what of it is in use, by stack.
    Heap,
    /// The goroutines there are, by stack.
    Goroutine,
    /// The program's account of its memory: the heap profile as text (`debug=1`), which ends with Go's `MemStats`.
    Memory,
}

/// Parts of a query that say how a profile is to be made, and so belong to one kind only.
const MAKING: [&str; 3] = ["gc", "debug", "seconds"];

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Heap, Kind::Goroutine, Kind::Memory];

    /// Its name, as the store knows it: `heap`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Heap => "heap",
            Kind::Goroutine => "goroutine",
            Kind::Memory => "memory",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where it is, given where the heap profile is; nothing where that cannot be told from its address.
    ///
    /// `net/http/pprof` has a page a profile below one path, <https://pkg.go.dev/net/http/pprof>.
    pub(super) fn address(self, heap: &Url, gc: bool) -> Option<Url> {
        let mut url = heap.clone();
        if self == Kind::Heap {
            if gc && is_heap(heap) && !heap.query_pairs().any(|(name, _)| name == "gc") {
                url.query_pairs_mut().append_pair("gc", "1");
            }
            return Some(url);
        }
        if !is_heap(heap) {
            return None;
        }
        let others: Vec<(String, String)> = heap
            .query_pairs()
            .filter(|(name, _)| !MAKING.contains(&&**name))
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(others);
        match self {
            Kind::Memory => drop(url.query_pairs_mut().append_pair("debug", "1")),
            _ => {
                let path = heap.path().strip_suffix("heap")?;
                url.set_path(&format!("{path}{}", self.name()));
            }
        }
        if url.query() == Some("") {
            url.set_query(None);
        }
        Some(url)
    }
}

/// Whether an address is that of a heap profile by its last word.
fn is_heap(url: &Url) -> bool {
    url.path().ends_with("/heap")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, heap: &str) -> String {
        kind.address(&Url::parse(heap).unwrap(), true).map_or("nowhere".into(), |url| url.to_string())
    }

    /// An address as people give it, and where heap, goroutines and the account of memory are then.
    #[test]
    fn siblings_are_on_the_same_page() {
        for (heap, all) in [
            (
                "http://h:6060/debug/pprof/heap",
                [
                    "http://h:6060/debug/pprof/heap?gc=1",
                    "http://h:6060/debug/pprof/goroutine",
                    "http://h:6060/debug/pprof/heap?debug=1",
                ],
            ),
            (
                "https://h/x/heap?gc=0&token=a%26b&seconds=3",
                [
                    "https://h/x/heap?gc=0&token=a%26b&seconds=3",
                    "https://h/x/goroutine?token=a%26b",
                    "https://h/x/heap?token=a%26b&debug=1",
                ],
            ),
            ("http://h/debug/pprof/allocs?x=1", ["http://h/debug/pprof/allocs?x=1", "nowhere", "nowhere"]),
        ] {
            assert_eq!(Kind::ALL.map(|kind| of(kind, heap)), all);
        }
        let heap = Url::parse("http://h/heap").unwrap();
        assert_eq!(Kind::Heap.address(&heap, false), Some(heap));
        assert!(Kind::ALL.iter().all(|kind| Kind::named(kind.name()) == Some(*kind)));
    }
}
