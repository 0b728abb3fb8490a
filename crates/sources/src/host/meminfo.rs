//! `/proc/meminfo`: the memory of the host by kind.

use model::signal::Signal;

use super::lines::fields;

/// What `/proc/meminfo` says, in bytes; see proc_meminfo(5). A line the kernel does not print is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemInfo {
    /// `MemTotal`.
    pub total: Option<u64>,
    /// `MemFree`.
    pub free: Option<u64>,
    /// `MemAvailable`, since Linux 3.14.
    pub available: Option<u64>,
    /// `Buffers`.
    pub buffers: Option<u64>,
    /// `Cached`, which counts `Shmem` in.
    pub cached: Option<u64>,
    /// `AnonPages`.
    pub anonymous: Option<u64>,
    /// `Shmem`.
    pub shared: Option<u64>,
    /// `SReclaimable`.
    pub slab_reclaimable: Option<u64>,
    /// `SUnreclaim`.
    pub slab_unreclaimable: Option<u64>,
    /// `KernelStack`.
    pub kernel_stack: Option<u64>,
    /// `PageTables`.
    pub page_tables: Option<u64>,
    /// `SwapTotal`.
    pub swap_total: Option<u64>,
    /// `SwapFree`.
    pub swap_free: Option<u64>,
}

impl MemInfo {
    /// Reads the file. Unknown and broken lines are passed over.
    pub fn read(file: &[u8]) -> MemInfo {
        let mut info = MemInfo::default();
        for (name, bytes) in fields(file) {
            let place = match name {
                b"MemTotal" => &mut info.total,
                b"MemFree" => &mut info.free,
                b"MemAvailable" => &mut info.available,
                b"Buffers" => &mut info.buffers,
                b"Cached" => &mut info.cached,
                b"AnonPages" => &mut info.anonymous,
                b"Shmem" => &mut info.shared,
                b"SReclaimable" => &mut info.slab_reclaimable,
                b"SUnreclaim" => &mut info.slab_unreclaimable,
                b"KernelStack" => &mut info.kernel_stack,
                b"PageTables" => &mut info.page_tables,
                b"SwapTotal" => &mut info.swap_total,
                b"SwapFree" => &mut info.swap_free,
                _ => continue,
            };
            *place = Some(bytes);
        }
        info
    }

    /// What was available before the kernel said so itself: free memory, page cache without shared memory, and
    /// reclaimable slab. An upper bound of what `MemAvailable` would say, for it leaves out what the kernel keeps in
    /// reserve.
    pub fn estimated_available(&self) -> Option<u64> {
        let cache = self.cached?.saturating_sub(self.shared.unwrap_or(0));
        let rest = self.buffers.unwrap_or(0).saturating_add(self.slab_reclaimable.unwrap_or(0));
        let sum = self.free?.saturating_add(cache).saturating_add(rest);
        Some(self.total.map_or(sum, |total| sum.min(total)))
    }

    /// The signals it answers, in bytes.
    pub fn signals(&self) -> impl Iterator<Item = (Signal, u64)> + use<> {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        [
            (Signal::HostMemoryTotal, self.total),
            (Signal::HostMemoryAvailable, self.available.or_else(|| self.estimated_available())),
            (Signal::HostMemoryFree, self.free),
            (Signal::HostMemoryCached, sum(self.cached, self.buffers)),
            (Signal::HostMemoryAnonymous, self.anonymous),
            (Signal::HostMemoryShared, self.shared),
            (Signal::HostMemorySlab, self.slab_unreclaimable),
            (Signal::HostMemoryKernel, sum(self.page_tables, self.kernel_stack)),
            (Signal::HostSwapTotal, self.swap_total),
            (Signal::HostSwapFree, self.swap_free),
        ]
        .into_iter()
        .filter_map(|(signal, bytes)| Some((signal, bytes?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kernel of today, shortened.
    const NEW: &[u8] = b"MemTotal:       24684092 kB\nMemFree:        24468060 kB\nMemAvailable:   24395060 kB\n\
        Buffers:             948 kB\nCached:            19808 kB\nSwapCached:            0 kB\nSwapTotal:             \
        8 kB\nSwapFree:              4 kB\nAnonPages:         18028 kB\nShmem:              8856 kB\nSReclaimable:      \
        93428 kB\nSUnreclaim:        23932 kB\nKernelStack:        1496 kB\nPageTables:         2240 kB\n\
        HugePages_Total:       0\n";

    #[test]
    fn every_signal_of_a_kernel_of_today_is_answered_in_bytes() {
        let all: Vec<(Signal, u64)> = MemInfo::read(NEW).signals().collect();
        let kib = |kib: u64| kib * 1024;
        assert_eq!(
            all,
            [
                (Signal::HostMemoryTotal, kib(24_684_092)),
                (Signal::HostMemoryAvailable, kib(24_395_060)),
                (Signal::HostMemoryFree, kib(24_468_060)),
                (Signal::HostMemoryCached, kib(19_808 + 948)),
                (Signal::HostMemoryAnonymous, kib(18_028)),
                (Signal::HostMemoryShared, kib(8_856)),
                (Signal::HostMemorySlab, kib(23_932)),
                (Signal::HostMemoryKernel, kib(2_240 + 1_496)),
                (Signal::HostSwapTotal, kib(8)),
                (Signal::HostSwapFree, kib(4)),
            ]
        );
    }

    /// Linux 2.6.32 prints no `MemAvailable`.
    #[test]
    fn an_old_kernel_gets_an_estimate_that_never_exceeds_the_total() {
        let old = MemInfo::read(b"MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 300 kB\nShmem: 50 kB\n");
        assert_eq!((old.available, old.estimated_available()), (None, Some(360 * 1024)));
        let odd = MemInfo::read(b"MemTotal: 1 kB\nMemFree: 100 kB\nCached: 300 kB\n");
        assert_eq!(odd.estimated_available(), Some(1024));
    }

    #[test]
    fn lines_of_another_shape_are_passed_over() {
        let file = b"MemTotal\nMemFree: x kB\nBuffers:\n: 4 kB\nCached: 18446744073709551615 kB\nShmem: 5 kB";
        let want = MemInfo { cached: Some(u64::MAX), shared: Some(5 * 1024), ..MemInfo::default() };
        assert_eq!(MemInfo::read(file), want);
    }
}
