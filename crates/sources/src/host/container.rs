//! The memory of one container, from the files of its control group.

use super::cgroup::Hierarchy;
use super::files::Files;
use super::lines::{number, pairs};

/// What a container uses and may use, in bytes. What could not be read is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerMemory {
    /// What is charged to it less the page cache nobody touched lately, as the kubelet and cAdvisor define it.
    pub working_set: Option<u64>,
    /// Heaps and stacks; in version 1 with the part of swap that is in memory as well.
    pub anonymous: Option<u64>,
    /// What it may use; none when there is no limit.
    pub limit: Option<u64>,
}

/// Version 1 writes the largest number of whole pages for "no limit", which depends on the page size.
const NO_LIMIT: u64 = 1 << 62;

impl ContainerMemory {
    /// From the text of the files: what is charged, the statistics and the limit.
    pub fn of(hierarchy: Hierarchy, charged: Option<&[u8]>, stat: Option<&[u8]>, limit: Option<&[u8]>) -> Self {
        let (inactive, anonymous) = match hierarchy {
            Hierarchy::V1 => (&b"total_inactive_file"[..], &b"total_rss"[..]),
            Hierarchy::V2 => (&b"inactive_file"[..], &b"anon"[..]),
        };
        let value = |name: &[u8]| pairs(stat?).find(|(n, _)| *n == name).map(|(_, bytes)| bytes);
        let whole = |file: Option<&[u8]>| number(file?.trim_ascii());
        ContainerMemory {
            working_set: whole(charged).zip(value(inactive)).map(|(all, cache)| all.saturating_sub(cache)),
            anonymous: value(anonymous),
            limit: whole(limit).filter(|bytes| *bytes < NO_LIMIT),
        }
    }

    /// Reads the files of a group below `/sys`.
    pub(super) fn read(sys: &mut Files, hierarchy: Hierarchy, group: &str) -> ContainerMemory {
        let (root, names) = match hierarchy {
            Hierarchy::V1 => ("fs/cgroup/memory", ["memory.usage_in_bytes", "memory.stat", "memory.limit_in_bytes"]),
            Hierarchy::V2 => ("fs/cgroup", ["memory.current", "memory.stat", "memory.max"]),
        };
        let [charged, stat, limit] =
            names.map(|name| sys.read(&format!("{root}/{group}/{name}")).ok().map(<[u8]>::to_vec));
        ContainerMemory::of(hierarchy, charged.as_deref(), stat.as_deref(), limit.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_set_leaves_out_the_cache_nobody_touched() {
        let stat = b"anon 700\nfile 250\ninactive_anon 1\ninactive_file 100\nactive_file 150\n";
        let got = ContainerMemory::of(Hierarchy::V2, Some(b"1000\n"), Some(stat), Some(b"4096\n"));
        assert_eq!(got, ContainerMemory { working_set: Some(900), anonymous: Some(700), limit: Some(4096) });
        let stat = b"cache 300\nrss 1\ninactive_file 1\ntotal_rss 600\ntotal_inactive_file 2000\n";
        let got = ContainerMemory::of(Hierarchy::V1, Some(b"1000"), Some(stat), Some(b"9223372036854771712\n"));
        assert_eq!(got, ContainerMemory { working_set: Some(0), anonymous: Some(600), limit: None });
    }

    #[test]
    fn what_is_not_there_is_not_zero() {
        assert_eq!(ContainerMemory::of(Hierarchy::V2, None, None, Some(b"max\n")), ContainerMemory::default());
        let got = ContainerMemory::of(Hierarchy::V2, Some(b"10\n"), Some(b"anon 5\n"), None);
        assert_eq!(got, ContainerMemory { anonymous: Some(5), ..ContainerMemory::default() });
    }
}
