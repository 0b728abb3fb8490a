//! Frames that older formats are known to hold and nobody wants to see: allocators, lock profilers, signal handlers.
//!
//! The functions are those the reference drops. Expressions match a whole name.

/// The expressions of frames to drop, and of exceptions to it, for what the values are.
pub(super) fn uninteresting(kinds: &[(&str, &str)]) -> (&'static str, &'static str) {
    let names: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
    match names[..] {
        ["objects", "space"]
        | ["inuse_objects", "inuse_space"]
        | ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"] => (ALLOCATORS, KEPT),
        ["contentions", "delay"] => (LOCKS, ""),
        _ => (SIGNALS, ""),
    }
}

const ALLOCATORS: &str = concat!(
    r"(c|m|re|p?v)alloc|c?free|(do_)?memalign|(__)?posix_memalign|__libc_malloc",
    r"|tcmalloc::.*|tc_(c|m|re|p?v)alloc|tc_c?free|tc_(posix_)?memalign|tc_(new|delete)(array)?|tc_new(array)?_nothrow",
    r"|malloc_zone_((c|m|re|v)alloc|memalign|free)",
    r"|runtime\..*",
    r"|BaseArena::.*|(::)?do_malloc(_no_errno|_pages)?|DoSampledAllocation|MallocedMemBlock::MallocedMemBlock",
    r"|_M_allocate|__builtin_(vec_)?(delete|new)|operator new(\[\])?",
    r"|((__gnu_cxx::new_allocator|__malloc_alloc_template|simple_alloc)::)?allocate|cpp_alloc",
);

/// Frames of Go's runtime that stand in the middle of a stack.
const KEPT: &str = r"runtime\.(panic|reflectcall|call[0-9]*)";

const LOCKS: &str = concat!(
    r"RecordLockProfileData|(base::)?(RecordLock|SubmitMutex|SubmitSpinLock)ProfileData.*",
    r"|((base::)?Mutex::)?(AwaitCommon|Unlock|UnlockSlow|ReaderUnlock).*",
    r"|((base::)?MutexLock::)?~MutexLock.*|(SpinLock::)?(Unlock|SlowUnlock).*|(SpinLockHolder::)?~SpinLockHolder.*",
);

const SIGNALS: &str = r"ProfileData::(Add|prof_handler)|CpuProfiler::prof_handler|__pthread_sighandler|__restore";
