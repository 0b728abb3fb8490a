//! The collector on trees of files made for the purpose, and on the machine that runs the tests.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::*;

const C: &str = "5f1f5b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8";

/// A made-up host under a temporary directory, with `proc` and `sys` in it.
struct Host(TempDir);

impl Host {
    /// 1,000 KiB of memory, booted at second 1,000, without pressure, swap and processes but for those of the kernel.
    fn bare() -> Host {
        let host = Host(tempfile::tempdir().unwrap());
        host.write("proc/sys/kernel/hostname", "web-1\n");
        host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nSwapTotal: 0 kB\n");
        host.write("proc/stat", "cpu 1 2 3\nbtime 1000\n");
        host.write("proc/1/stat", &stat(1, "ended meanwhile", 0, 0));
        host.write("proc/2/stat", &stat(2, "kthreadd", 0x0020_8040, 0));
        host
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn process(&self, pid: u32, name: &str, start: u64, resident_kib: u64) {
        self.write(&format!("proc/{pid}/stat"), &stat(pid, name, 0, start));
        let status = format!("Name:\tx\nVmRSS:\t{resident_kib} kB\nRssAnon:\t1 kB\nRssFile:\t2 kB\nRssShmem:\t3 kB\n");
        self.write(&format!("proc/{pid}/status"), &(status + "VmSwap:\t4 kB\n"));
        self.write(&format!("proc/{pid}/cgroup"), "0::/init.scope\n");
    }

    fn collector(&self) -> Collector {
        self.collector_of(1_000)
    }

    fn collector_of(&self, max_processes: usize) -> Collector {
        let (proc, sys) = (self.0.path().join("proc"), self.0.path().join("sys"));
        Collector::new(Settings { proc, sys, host: None, max_processes })
    }
}

fn stat(pid: u32, name: &str, flags: u32, start: u64) -> String {
    format!("{pid} ({name}) S 1 1 1 0 -1 {flags} 1 0 0 0 2 3 0 0 20 0 5 0 {start} 3133440 435 1 1\n")
}

/// `signal{labels} value` a line, in the order read.
fn shown(scrape: &Scrape) -> String {
    let line = |s: &Sample| format!("{}{{{}}} {}\n", s.signal.name(), s.labels, s.value);
    scrape.samples.iter().map(line).collect()
}

fn missed(scrape: &Scrape) -> Vec<&str> {
    scrape.missing.iter().map(|m| m.what.as_str()).collect()
}

fn of(scrape: &Scrape, signal: Signal) -> Vec<(&Labels, f64)> {
    scrape.samples.iter().filter(|s| s.signal == signal).map(|s| (&s.labels, s.value)).collect()
}

/// Seconds into clock ticks, which the kernel of this machine defines.
fn ticks(seconds: u64) -> u64 {
    seconds * rustix::param::clock_ticks_per_second()
}

/// A host with pressure and swap, a process with a wild name, a kernel thread and one that ended while we looked.
#[test]
fn a_whole_scrape_reads_like_this() {
    let host = Host::bare();
    host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nSwapTotal: 9 kB\n");
    host.write("proc/pressure/memory", "some avg10=1.50 avg60=0 avg300=0 total=0\nfull avg10=0.50 avg60=0\n");
    host.process(7, "a b) S (\u{1b}[31m", ticks(5), 20);
    host.write("proc/8/cgroup", "0::/\n");
    let scrape = host.collector().scrape();
    insta::assert_snapshot!(shown(&scrape), @r#"
    host.memory.total{host="web-1"} 1024000
    host.memory.available{host="web-1"} 409600
    host.memory.free{host="web-1"} 102400
    host.swap.total{host="web-1"} 9216
    host.memory.pressure{host="web-1"} 0.015
    host.memory.stall{host="web-1"} 0.005
    host.boot_time{host="web-1"} 1000
    process.memory.resident{host="web-1", pid="7", process="a b) S (�[31m", start="1005"} 20480
    process.memory.anonymous{host="web-1", pid="7", process="a b) S (�[31m", start="1005"} 1024
    process.memory.shared{host="web-1", pid="7", process="a b) S (�[31m", start="1005"} 5120
    process.memory.swap{host="web-1", pid="7", process="a b) S (�[31m", start="1005"} 4096
    "#);
    assert_eq!(missed(&scrape), [""; 0]);
}

#[test]
fn what_is_missing_is_said_once_and_is_no_error() {
    let host = Host::bare();
    host.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 50 kB\n");
    host.process(7, "old", ticks(5), 20);
    host.write("proc/7/status", "Name:\told\nVmRSS:\t20 kB\n");
    let mut collector = host.collector();
    let first = collector.scrape();
    assert_eq!(
        missed(&first),
        ["available memory of the host", "memory pressure (PSI)", "anonymous and shared memory of processes"]
    );
    assert_eq!(of(&first, Signal::HostMemoryAvailable)[0].1, 150.0 * 1024.0);
    assert_eq!(missed(&collector.scrape()), [""; 0]);
}

#[test]
fn without_proc_everything_is_missing_and_nothing_panics() {
    let nowhere = Path::new("/nonexistent/patrol");
    let settings = Settings { proc: nowhere.into(), sys: nowhere.into(), host: None, max_processes: 10 };
    let mut collector = Collector::new(settings);
    let scrape = collector.scrape();
    assert_eq!((collector.host(), scrape.samples.len()), ("localhost", 0));
    assert_eq!(
        missed(&scrape),
        ["the memory of this host", "memory pressure (PSI)", "the boot time", "the processes of this host"]
    );
}

/// `hidepid=2`, and a container with processes of its own only.
#[test]
fn processes_that_cannot_be_seen_are_said() {
    let host = Host::bare();
    fs::remove_dir_all(host.0.path().join("proc/1")).unwrap();
    assert_eq!(missed(&host.collector().scrape()), ["memory pressure (PSI)", "processes of other users"]);
    let host = Host::bare();
    fs::remove_dir_all(host.0.path().join("proc/2")).unwrap();
    assert_eq!(missed(&host.collector().scrape()), ["memory pressure (PSI)", "processes outside of this container"]);
}

/// The kernel gives a number out again: another start makes another series, and so does another program in the same
/// process.
#[test]
fn a_pid_used_again_is_another_process() {
    let host = Host::bare();
    host.process(7, "first", ticks(5), 20);
    let mut collector = host.collector();
    let who = |scrape: &Scrape| of(scrape, Signal::ProcessResident)[0].0.keep(&["pid", "start", "process"]).to_string();
    assert_eq!(who(&collector.scrape()), r#"pid="7", process="first", start="1005""#);
    host.process(7, "first", ticks(90), 20);
    assert_eq!(who(&collector.scrape()), r#"pid="7", process="first", start="1090""#);
    host.process(7, "second", ticks(90), 20);
    assert_eq!(who(&collector.scrape()), r#"pid="7", process="second", start="1090""#);
    fs::remove_dir_all(host.0.path().join("proc/7")).unwrap();
    assert_eq!(of(&collector.scrape(), Signal::ProcessResident), []);
}

/// A clock that is set makes the kernel compute another boot time; who is known keeps its name.
#[test]
fn a_clock_that_is_set_does_not_rename_the_living() {
    let host = Host::bare();
    host.process(7, "old", ticks(5), 20);
    let mut collector = host.collector();
    collector.scrape();
    host.write("proc/stat", "btime 1001\n");
    assert_eq!(of(&collector.scrape(), Signal::HostBootTime)[0].1, 1000.0, "a second is rounding");
    host.write("proc/stat", "btime 5000\n");
    host.process(8, "new", ticks(5), 10);
    let scrape = collector.scrape();
    let mut starts: Vec<_> = of(&scrape, Signal::ProcessResident).iter().filter_map(|(l, _)| l.get("start")).collect();
    starts.sort_unstable();
    assert_eq!((of(&scrape, Signal::HostBootTime)[0].1, starts), (5000.0, vec!["1005", "5005"]));
}

#[test]
fn of_too_many_processes_the_largest_stay_and_the_rest_is_counted() {
    let host = Host::bare();
    for pid in 3..=11u32 {
        host.process(pid, "p", ticks(5), u64::from(pid) * 10);
    }
    let mut collector = host.collector_of(3);
    let scrape = collector.scrape();
    let mut kept: Vec<_> = of(&scrape, Signal::ProcessResident).iter().filter_map(|(l, _)| l.get("pid")).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["10", "11", "9"]);
    assert_eq!(missed(&scrape), ["memory pressure (PSI)", "6 smaller processes"]);
}

/// Two processes in one container of a pod, counted by version 2 of the control groups.
#[test]
fn a_container_is_read_once_with_its_pod_and_limit() {
    let host = Host::bare();
    let pod = "4e1b6b2a_0c3d_4f5a_8b7c_9d0e1f2a3b4c";
    let group = format!("kubepods.slice/kubepods-burstable-pod{pod}.slice/cri-containerd-{C}.scope");
    for pid in [7, 8] {
        host.process(pid, "java", ticks(5), 20);
        host.write(&format!("proc/{pid}/cgroup"), &format!("0::/{group}\n"));
    }
    host.write(&format!("sys/fs/cgroup/{group}/memory.current"), "1000\n");
    host.write(&format!("sys/fs/cgroup/{group}/memory.stat"), "anon 600\ninactive_file 300\n");
    host.write(&format!("sys/fs/cgroup/{group}/memory.max"), "2000\n");
    let scrape = host.collector().scrape();
    let labels = Labels::from([("host", "web-1"), ("container", C), ("pod_uid", &pod.replace('_', "-"))]);
    for (signal, value) in [
        (Signal::ContainerWorkingSet, 700.0),
        (Signal::ContainerAnonymous, 600.0),
        (Signal::ContainerMemoryLimit, 2000.0),
    ] {
        assert_eq!(of(&scrape, signal), [(&labels, value)]);
    }
    for (process, _) in of(&scrape, Signal::ProcessResident) {
        assert_eq!(process.keep(&["host", "container", "pod_uid"]), labels);
    }
}

/// Version 1 without a limit, and a container whose files cannot be seen.
#[test]
fn version_1_is_read_from_the_tree_of_the_memory_controller() {
    let host = Host::bare();
    host.process(7, "a", ticks(5), 20);
    host.write("proc/7/cgroup", &format!("4:memory:/docker/{C}\n0::/\n"));
    let base = format!("sys/fs/cgroup/memory/docker/{C}");
    host.write(&format!("{base}/memory.usage_in_bytes"), "1000\n");
    host.write(&format!("{base}/memory.stat"), "total_rss 5\ntotal_inactive_file 1\n");
    host.write(&format!("{base}/memory.limit_in_bytes"), "9223372036854771712\n");
    host.process(8, "b", ticks(5), 20);
    host.write("proc/8/cgroup", &format!("0::/../crio-{}.scope\n", C.replace('5', "6")));
    let scrape = host.collector().scrape();
    assert_eq!(of(&scrape, Signal::ContainerWorkingSet).iter().map(|c| c.1).collect::<Vec<_>>(), [999.0]);
    assert_eq!(of(&scrape, Signal::ContainerMemoryLimit), []);
    assert_eq!(missed(&scrape), ["memory pressure (PSI)", "the memory of containers as a whole"]);
}

/// A child that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The same numbers by other ways: sysinfo(2) for the host, `statm` in pages and the clock for a process.
#[cfg(target_os = "linux")]
#[test]
fn on_this_machine_the_numbers_are_those_read_another_way() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let before = now();
    let child = Ended(Command::new("sleep").arg("600").spawn().unwrap());
    let pid = child.0.id().to_string();
    let mut collector = Collector::new(Settings { max_processes: usize::MAX, ..Settings::default() });
    let pages = || fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    // The child grows while it starts: only a scrape between two equal looks counts.
    let (scrape, statm) = loop {
        let (first, scrape, second) = (pages(), collector.scrape(), pages());
        let sleeps = of(&scrape, Signal::ProcessResident)
            .iter()
            .any(|(l, _)| l.get("pid") == Some(&pid) && l.get("process") == Some("sleep"));
        if first == second && sleeps {
            break (scrape, first);
        }
    };
    let size = rustix::param::page_size() as f64;
    let statm: Vec<f64> = statm.split_whitespace().map(|n| n.parse::<f64>().unwrap() * size).collect();
    let value = |signal| of(&scrape, signal).iter().find(|(l, _)| l.get("pid") == Some(&pid)).map(|(_, v)| *v);
    assert_eq!(value(Signal::ProcessResident), Some(statm[1]));
    assert_eq!(value(Signal::ProcessShared), Some(statm[2]));
    assert_eq!(value(Signal::ProcessAnonymous), Some(statm[1] - statm[2]));
    let labels = of(&scrape, Signal::ProcessResident).into_iter().find(|(l, _)| l.get("pid") == Some(&pid)).unwrap().0;
    let start: u64 = labels.get("start").unwrap().parse().unwrap();
    assert!((before - 2..=now() + 1).contains(&start), "{start} is not about {before}");
    let info = rustix::system::sysinfo();
    let total = info.totalram as f64 * f64::from(info.mem_unit);
    assert_eq!(of(&scrape, Signal::HostMemoryTotal)[0].1, total);
    let boot = of(&scrape, Signal::HostBootTime)[0].1;
    assert!((boot + info.uptime as f64 - now() as f64).abs() < 5.0);
}
