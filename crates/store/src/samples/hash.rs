//! The key a series is found by in the store: a hash that is the same in every version and on every machine.

use super::head::Name;

/// FNV-1a in 64 bits (draft-eastlake-fnv) over signal, label names and values, each ended by a zero byte.
pub(super) fn key(name: &Name) -> i64 {
    let labels = name.1.iter().flat_map(|(label, value)| [label, value]);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in std::iter::once(name.0.name()).chain(labels) {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash as i64
}

#[cfg(test)]
mod tests {
    use model::labels::Labels;
    use model::signal::Signal;

    use super::*;

    /// Written down once: another number here would orphan every store there is.
    #[test]
    fn keys_never_change() {
        let name = (Signal::HostMemoryTotal, Labels::from([("host", "a"), ("pid", "1")]));
        assert_eq!(key(&name), -2_179_159_996_443_818_951);
        assert_ne!(key(&name), key(&(Signal::HostMemoryTotal, Labels::from([("host", "ap"), ("id", "1")]))));
    }
}
