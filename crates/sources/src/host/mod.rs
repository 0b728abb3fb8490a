//! The embedded collector: this host and its processes, from /proc and cgroups.
