//! Files of /proc and control groups: any bytes give figures or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sources::host::{cgroup::Membership, meminfo::MemInfo, pressure::Pressure, process};

fuzz_target!(|data: &[u8]| {
    let info = MemInfo::read(data);
    assert!(info.signals().count() < 64);
    let _ = info.estimated_available();
    if let Some(pressure) = Pressure::read(data) {
        let _ = format!("{pressure:?}");
    }
    let _ = process::Memory::read(data);
    let _ = process::boot_time(data);
    let _ = process::Identity::read(data).map(|identity| format!("{identity:?}").len());
    let _ = format!("{:?}", Membership::read(data));
});
