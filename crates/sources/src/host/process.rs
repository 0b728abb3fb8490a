//! `/proc/PID/stat` and `/proc/PID/status`: who a process is and what memory it holds.

use super::lines::{fields, number};

/// Who a process is: pid and start together name one process and never another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// `comm`: the name, at most 15 bytes, any bytes.
    pub name: &'a [u8],
    /// Start, in clock ticks after boot.
    pub start: u64,
    /// Whether it is a thread of the kernel, which holds no memory of its own.
    pub kernel: bool,
}

/// `PF_KTHREAD` of the kernel's `include/linux/sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;

impl Identity<'_> {
    /// Reads `/proc/PID/stat`; see proc_pid_stat(5). The name stands in parentheses and may hold blanks and parentheses
    /// itself, so it ends at the last one. `None` when the file is not of that shape.
    pub fn read(file: &[u8]) -> Option<Identity<'_>> {
        let open = file.iter().position(|b| *b == b'(')?;
        let close = file.iter().rposition(|b| *b == b')')?;
        let name = file.get(open + 1..close)?;
        // The first word after the name is field 3, the state; 9 are the flags, 22 is the start.
        let mut words = file[close + 1..].trim_ascii().split(|b| *b == b' ');
        let flags = number(words.nth(9 - 3)?)?;
        let start = number(words.nth(22 - 9 - 1)?)?;
        Some(Identity { name, start, kernel: flags & KERNEL_THREAD != 0 })
    }
}

/// What memory a process holds, in bytes; see proc_pid_status(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// `VmRSS`.
    pub resident: u64,
    /// `RssAnon`, since Linux 4.5.
    pub anonymous: Option<u64>,
    /// `RssFile` and `RssShmem`, since Linux 4.5.
    pub shared: Option<u64>,
    /// `VmSwap`, since Linux 2.6.34.
    pub swap: Option<u64>,
}

impl Memory {
    /// Reads `/proc/PID/status`. `None` for what holds no memory: kernel threads and the dead that nobody waited for.
    pub fn read(file: &[u8]) -> Option<Memory> {
        let (mut resident, mut anonymous, mut files, mut shm, mut swap) = (None, None, None, None, None);
        for (name, bytes) in fields(file) {
            match name {
                b"VmRSS" => resident = Some(bytes),
                b"RssAnon" => anonymous = Some(bytes),
                b"RssFile" => files = Some(bytes),
                b"RssShmem" => shm = Some(bytes),
                b"VmSwap" => {
                    swap = Some(bytes);
                    break; // The last of them in the file.
                }
                _ => {}
            }
        }
        let shared = files.zip(shm).map(|(f, s): (u64, u64)| f.saturating_add(s));
        Some(Memory { resident: resident?, anonymous, shared, swap })
    }
}

/// `btime` of `/proc/stat`: when the host booted, seconds since the epoch.
pub fn boot_time(stat: &[u8]) -> Option<u64> {
    super::lines::pairs(stat).find(|(name, _)| *name == b"btime").map(|(_, seconds)| seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The fields after the name, as a kernel of today prints them, with these flags and start.
    fn stat(name: &[u8], flags: u64, start: u64) -> Vec<u8> {
        let mut file = b"4711 (".to_vec();
        file.extend_from_slice(name);
        file.extend_from_slice(
            format!(
                ") S 1 4711 4711 0 -1 {flags} 1 0 0 0 2 3 0 0 20 0 5 0 {start} 3133440 435 18446744073709551615 1\n"
            )
            .as_bytes(),
        );
        file
    }

    #[test]
    fn a_name_may_hold_blanks_parentheses_and_anything_else() {
        for name in [&b"nginx"[..], b"a b) S 1 (", b"))((", b"", b"\xff\n1 2 3"] {
            let file = stat(name, 0x40_0100, 5_551);
            assert_eq!(Identity::read(&file), Some(Identity { name, start: 5_551, kernel: false }));
        }
        assert!(Identity::read(&stat(b"kworker/0:1", 0x0420_8060, 12)).unwrap().kernel);
    }

    #[test]
    fn memory_is_read_by_kind_and_kernel_threads_have_none() {
        let file = b"Name:\tcat\nUmask:\t0022\nVmHWM:\t 1740 kB\nVmRSS:\t 1741 kB\nRssAnon:\t 112 kB\nRssFile:\t \
            1628 kB\nRssShmem:\t 1 kB\nVmSwap:\t 7 kB\nVmRSS:\t 0 kB\n";
        let want = Memory {
            resident: 1741 * 1024,
            anonymous: Some(112 * 1024),
            shared: Some(1629 * 1024),
            swap: Some(7 * 1024),
        };
        assert_eq!(Memory::read(file), Some(want));
        assert_eq!(Memory::read(b"Name:\tkthreadd\nThreads:\t1\n"), None);
        let old = Memory { resident: 1024, anonymous: None, shared: None, swap: None };
        assert_eq!(Memory::read(b"VmRSS:\t1 kB\nThreads:\t1\n"), Some(old));
    }

    #[test]
    fn boot_time_is_found_among_the_counters() {
        assert_eq!(boot_time(b"cpu  1 2 3\nintr 5 6\nctxt 9\nbtime 1763669678\nprocesses 3\n"), Some(1_763_669_678));
        assert_eq!(boot_time(b"cpu 1 2\n"), None);
    }

    proptest! {
        #[test]
        fn any_name_and_start_come_back(name in prop::collection::vec(any::<u8>(), 0..16), start: u64, flags in 0..u64::from(u32::MAX)) {
            let file = stat(&name, flags, start);
            let kernel = flags & KERNEL_THREAD != 0;
            prop_assert_eq!(Identity::read(&file), Some(Identity { name: &name, start, kernel }));
        }

        #[test]
        fn any_bytes_are_read_or_refused(file in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(identity) = Identity::read(&file) {
                prop_assert!(identity.name.len() < file.len());
            }
            prop_assert!(Memory::read(&file).is_none_or(|m| m.resident > 0 || file.windows(5).any(|w| w == b"VmRSS")));
        }
    }
}
