//! How much memory the demo may use here, so that showing a leak never becomes one.

use sources::host::cgroup::Hierarchy;
use sources::host::container::ContainerMemory;
use sources::host::meminfo::MemInfo;

use super::program::Program;
use crate::error::{Failure, Result};

/// With less than this many bytes to be had the demo is not run.
const LEAST: u64 = 768 << 20;

/// The programs together never take more than this share of what is to be had.
const SHARE: f64 = 0.5;

/// What memory there is here.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes the host has.
    pub total: u64,
    /// Bytes to be had: what the host has available, or less where a control group sets a limit.
    pub free: u64,
}

/// The factor on the amounts of the programs with so many bytes to be had; an error when there are too few.
pub fn scale(free: u64, programs: &[Program]) -> Result<f64> {
    if free < LEAST {
        let words = format!("only {} MiB of memory are to be had; the demo wants {} MiB", free >> 20, LEAST >> 20);
        return Err(Failure::new(words).hint("end something else, or raise the memory limit of this container"));
    }
    let most: f64 = programs.iter().map(|program| program.most()).sum();
    Ok((free as f64 * SHARE / most.max(1.0)).min(1.0))
}

/// Looks how much there is.
pub fn room() -> Result<Room> {
    let read = |path: String| std::fs::read(path).ok();
    let info = MemInfo::read(&read("/proc/meminfo".into()).unwrap_or_default());
    let available = info.available.or_else(|| info.estimated_available());
    let (total, available) = info.total.zip(available).ok_or_else(|| {
        Failure::new("/proc/meminfo does not say how much memory there is").hint("the demo runs on Linux, with /proc")
    })?;
    let own = String::from_utf8_lossy(&read("/proc/self/cgroup".into()).unwrap_or_default()).into_owned();
    let left = groups(&own).into_iter().filter_map(|(hierarchy, dir)| {
        let (charged, limit) = match hierarchy {
            Hierarchy::V1 => ("memory.usage_in_bytes", "memory.limit_in_bytes"),
            Hierarchy::V2 => ("memory.current", "memory.max"),
        };
        let file = |name: &str| read(format!("{dir}/{name}"));
        let memory = ContainerMemory::of(
            hierarchy,
            file(charged).as_deref(),
            file("memory.stat").as_deref(),
            file(limit).as_deref(),
        );
        Some(memory.limit?.saturating_sub(memory.working_set.unwrap_or(0)))
    });
    Ok(Room { total, free: left.fold(available, u64::min) })
}

/// The directories of the groups this process is in, from `/proc/self/cgroup`, up to the root of what is seen here.
fn groups(own: &str) -> Vec<(Hierarchy, String)> {
    let mut all = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (hierarchy, root) = match controllers {
            "" => (Hierarchy::V2, "/sys/fs/cgroup"),
            some if some.split(',').any(|c| c == "memory") => (Hierarchy::V1, "/sys/fs/cgroup/memory"),
            _ => continue,
        };
        let path = path.trim_end_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        all.extend(ends.map(|end| (hierarchy, format!("{root}{}", path.get(..end).unwrap_or_default()))));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_shrink_with_the_room_and_too_little_is_refused() {
        assert_eq!(scale(8 << 30, &Program::ALL).unwrap(), 1.0);
        let small = scale(1 << 30, &Program::ALL).unwrap();
        let used: f64 = Program::ALL.iter().map(|program| program.most() * small).sum();
        assert!((used - f64::from(1 << 29)).abs() < 1.0, "{used}");
        let error = scale(700 << 20, &Program::ALL).unwrap_err();
        assert_eq!(error.error.to_string(), "only 700 MiB of memory are to be had; the demo wants 768 MiB");
    }

    #[test]
    fn limits_of_all_groups_above_count() {
        let of = |hierarchy, dir: &str| (hierarchy, dir.to_string());
        assert_eq!(
            groups("5:cpu:/a\n4:memory:/a/b\n0::/\n"),
            [
                of(Hierarchy::V1, "/sys/fs/cgroup/memory"),
                of(Hierarchy::V1, "/sys/fs/cgroup/memory/a"),
                of(Hierarchy::V1, "/sys/fs/cgroup/memory/a/b"),
                of(Hierarchy::V2, "/sys/fs/cgroup"),
            ]
        );
    }

    #[test]
    fn this_machine_has_no_more_room_than_memory() {
        let room = room().unwrap();
        assert!((1..=room.total).contains(&room.free), "{room:?}");
    }
}
