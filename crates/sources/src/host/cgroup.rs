//! `/proc/PID/cgroup`: which container and pod a process belongs to, and where the kernel counts their memory.

/// Which generation of control groups counts the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hierarchy {
    /// Version 1, or the two side by side: the memory controller has a tree of its own.
    V1,
    /// Version 2: one tree for all controllers.
    V2,
}

/// Where a process belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The id of its container: 64 hexadecimal digits.
    pub container: Option<String>,
    /// The uid of its pod, with dashes.
    pub pod_uid: Option<String>,
    /// The control group of the container, relative to the root of the hierarchy; none when it lies outside of what
    /// can be seen from here.
    pub group: Option<(Hierarchy, String)>,
}

impl Membership {
    /// Reads the file: a line a hierarchy, `4:memory:/docker/ID` in version 1, `0::/...` in version 2; see cgroups(7).
    ///
    /// Knows the paths of Docker, containerd, CRI-O, Podman and the kubelet with either cgroup driver by what they have
    /// in common: an id of 64 hexadecimal digits as a component or at the end of one, and `pod` before a uid. Of
    /// containers within containers the innermost counts.
    pub fn read(file: &[u8]) -> Membership {
        let text = String::from_utf8_lossy(file);
        let (mut memory, mut unified, mut other) = (None, None, None);
        for line in text.lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(id), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if controllers.split(',').any(|c| c == "memory") {
                memory = Some(path);
            } else if id == "0" && controllers.is_empty() {
                unified = Some(path);
            } else if other.is_none() && container_in(path).is_some() {
                other = Some(path);
            }
        }
        let counted = memory.map(|path| (Hierarchy::V1, path)).or(unified.map(|path| (Hierarchy::V2, path)));
        let mut found = Membership::default();
        if let Some((hierarchy, path)) = counted
            && let Some((id, end)) = container_in(path)
        {
            found.container = Some(id.to_string());
            let visible = !path.split('/').any(|component| component == "..");
            found.group = visible.then(|| (hierarchy, path[..end].trim_start_matches('/').to_string()));
        }
        for path in [memory, unified, other].into_iter().flatten() {
            found.container = found.container.or_else(|| container_in(path).map(|(id, _)| id.to_string()));
            found.pod_uid = found.pod_uid.or_else(|| pod_in(path));
        }
        found
    }
}

/// Length of a container id.
const ID: usize = 64;

/// The id of the innermost container in a path, and where the component ends that holds it.
fn container_in(path: &str) -> Option<(&str, usize)> {
    let mut found = None;
    let mut start = 0;
    for component in path.split('/') {
        let end = start + component.len();
        if let Some(id) = container_of(component) {
            found = Some((id, end));
        }
        start = end + 1;
    }
    found
}

/// `ID`, `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID`, `libpod-ID.scope`, `SLICE:cri-containerd:ID`.
/// The monitor of a container (`libpod-conmon-ID.scope`) is not in it.
fn container_of(component: &str) -> Option<&str> {
    let bare = component.strip_suffix(".scope").unwrap_or(component);
    let (before, id) = bare.split_at_checked(bare.len().checked_sub(ID)?)?;
    let separated = before.is_empty() || before.ends_with(['-', ':']);
    let hexadecimal = id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (separated && hexadecimal && !before.ends_with("conmon-")).then_some(id)
}

/// The uid of the innermost pod in a path: `/kubepods/burstable/podUID`, `kubepods-burstable-podU_I_D.slice`.
fn pod_in(path: &str) -> Option<String> {
    path.split(['/', ':']).rev().find_map(|component| {
        let bare = component.strip_suffix(".slice").unwrap_or(component);
        let (before, uid) = bare.rsplit_once("pod")?;
        (before.is_empty() || before.ends_with('-')).then(|| uid_with_dashes(uid)).flatten()
    })
}

/// A uid as the API server writes it. systemd takes dashes for levels, so its driver writes underscores. Pods from a
/// file of the kubelet have 32 digits without dashes.
fn uid_with_dashes(text: &str) -> Option<String> {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = match text.len() {
        32 => text.bytes().all(|b| b.is_ascii_hexdigit()),
        36 => text.bytes().enumerate().all(
            |(at, b)| {
                if dash(at) { matches!(b, b'-' | b'_') } else { b.is_ascii_hexdigit() }
            },
        ),
        _ => false,
    };
    fits.then(|| text.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const C: &str = "5f1f5b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8";
    const POD: &str = "4e1b6b2a-0c3d-4f5a-8b7c-9d0e1f2a3b4c";

    /// The paths that runtimes and kubelets make, with the container, the pod and the group that counts its memory.
    #[test]
    fn the_paths_of_all_runtimes_are_understood() {
        let under = POD.replace('-', "_");
        let slice = format!("kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{under}.slice");
        let scope = |prefix: &str| format!("{slice}/{prefix}-{C}.scope");
        for (group, rest, pod) in [
            (format!("docker/{C}"), "", false),
            (format!("system.slice/docker-{C}.scope"), "", false),
            (format!("kubepods/burstable/pod{POD}/{C}"), "", true),
            (format!("kubepods/pod{POD}/crio-{C}"), "", true),
            (scope("cri-containerd"), "", true),
            (scope("crio"), "/container", true),
            (scope("docker"), "/init.scope", true),
            (format!("kubepods.slice/kubepods-pod{under}.slice/cri-containerd-{C}.scope"), "", true),
            (
                format!("system.slice/containerd.service/kubepods-besteffort-pod{under}.slice:cri-containerd:{C}"),
                "",
                true,
            ),
            (format!("machine.slice/libpod-{C}.scope"), "/container", false),
            (format!("user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{C}.scope"), "", false),
            (format!("docker/{}/kubelet/kubepods/burstable/pod{POD}/{C}", C.replace('5', "6")), "", true),
        ] {
            for (line, hierarchy) in [("0::/", Hierarchy::V2), ("7:memory:/", Hierarchy::V1)] {
                let got = Membership::read(format!("12:pids:/x\n{line}{group}{rest}\n").as_bytes());
                let want = Membership {
                    container: Some(C.into()),
                    pod_uid: pod.then(|| POD.to_string()),
                    group: Some((hierarchy, group.clone())),
                };
                assert_eq!(got, want, "{line}{group}{rest}");
            }
        }
    }

    #[test]
    fn what_is_no_container_is_none() {
        for path in [
            "/".to_string(),
            "/system.slice/ssh.service".into(),
            "/user.slice/user-0.slice/session-1.scope".into(),
            format!("/machine.slice/libpod-conmon-{C}.scope"),
            format!("/docker/{}", &C[1..]),
            format!("/docker/a{C}"),
            format!("/docker/{}", C.to_uppercase()),
            "/kubepods/podinfo".into(),
            "/é".repeat(70),
        ] {
            assert_eq!(Membership::read(format!("0::{path}\n").as_bytes()), Membership::default(), "{path}");
        }
    }

    /// Systems in transition mount both: the memory controller decides where memory is counted.
    #[test]
    fn side_by_side_the_tree_of_the_memory_controller_counts() {
        let file = format!("5:cpu,cpuacct:/docker/{C}\n4:memory:/docker/{C}\n0::/system.slice/docker-{C}.scope\n");
        assert_eq!(Membership::read(file.as_bytes()).group, Some((Hierarchy::V1, format!("docker/{C}"))));
        let only_named = Membership::read(format!("1:name=systemd:/docker/{C}\n0::/\n").as_bytes());
        assert_eq!((only_named.container.as_deref(), only_named.group), (Some(C), None));
    }

    #[test]
    fn a_group_outside_of_ones_own_namespace_has_a_name_but_no_place() {
        let got = Membership::read(format!("0::/../cri-containerd-{C}.scope\n").as_bytes());
        assert_eq!((got.container.as_deref(), got.group), (Some(C), None));
    }

    #[test]
    fn a_pod_of_a_file_has_a_uid_without_dashes() {
        let hash = "0123456789abcdef0123456789abcdef";
        let got = Membership::read(format!("0::/kubepods/pod{hash}/{C}\n").as_bytes());
        assert_eq!(got.pod_uid.as_deref(), Some(hash));
    }

    proptest! {
        #[test]
        fn any_bytes_give_only_well_formed_ids(file in prop::collection::vec(any::<u8>(), 0..200), path in "(/[a-z0-9:._-]{0,70}){0,4}") {
            for file in [file, format!("0::{path}\n").into_bytes()] {
                let got = Membership::read(&file);
                prop_assert!(got.container.is_none_or(|id| id.len() == ID && id.is_ascii()));
                prop_assert!(got.pod_uid.is_none_or(|uid| matches!(uid.len(), 32 | 36)));
            }
        }
    }
}
