//! Names of functions: which of them are a program's own, how they are written short, and what a goroutine waits for.

/// The folders of Go's standard library (`go list std`, Go 1.27): the first element of a package path.
const GO_STD: [&str; 55] = [
    "archive",
    "arena",
    "bufio",
    "builtin",
    "bytes",
    "cmp",
    "cmd",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "type:",
    "unicode",
    "unique",
    "unsafe",
    "uuid",
    "vendor",
    "weak",
];

/// How frames of the runtime and the standard libraries of C, C++ and Rust begin, and those of allocators.
const NATIVE: [&str; 26] = [
    "std::",
    "core::",
    "alloc::",
    "hashbrown::",
    "<alloc::",
    "<core::",
    "<std::",
    "<hashbrown::",
    "__rust",
    "__rustc",
    "__rdl",
    "_rjem",
    "je_",
    "prof_",
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
    "operator new",
    "__gnu_cxx::",
    "__libc_",
    "_start",
    "start_thread",
    "clone",
    "tcmalloc::",
];

/// Whether a function is the program's own or of a package it took in, rather than of the language.
///
/// A Go function belongs to the language when its package path starts with a folder of the standard library; names in
/// other languages when they begin as their libraries' do. Names of places without symbols (`app+0x1f`) are own.
pub fn own(function: &str) -> bool {
    if let Some((package, _)) = go_package(function) {
        let first = package.split('/').next().unwrap_or(package);
        return !GO_STD.contains(&first);
    }
    let bare = function.trim_start_matches('_');
    !NATIVE.iter().any(|start| function.starts_with(start) || bare.starts_with(start))
}

/// A Go function's package path and its name in the package: `net/http` and `(*conn).serve`. Nothing for names that
/// are not Go's.
fn go_package(function: &str) -> Option<(&str, &str)> {
    if function.contains("::") || function.contains('+') {
        return None;
    }
    // Type arguments hold package paths as well.
    let plain = function.split('[').next().unwrap_or(function);
    let start = plain.rfind('/').map_or(0, |i| i + 1);
    let dot = start + plain[start..].find('.')?;
    Some((&function[..dot], &function[dot + 1..]))
}

/// The package of a function, or the path before its last two parts: what is written together.
pub fn package(function: &str) -> &str {
    match go_package(function) {
        Some((package, _)) => package,
        None => function.rsplitn(3, "::").nth(2).unwrap_or(function),
    }
}

/// A function as people say it: `SessionIndex.remember`, `NewRingGrowing`, `newController.func1`. Of what is not Go,
/// the last two parts of the path.
pub fn short(function: &str) -> String {
    if let Some((package, name)) = go_package(function) {
        let name = match name.strip_prefix("(*").and_then(|rest| rest.split_once(')')) {
            Some((receiver, method)) => format!("{receiver}{method}"),
            None => name.to_string(),
        };
        // `main.main` says more than `main`, and the language's own functions are known with their package.
        let last = package.rsplit('/').next().unwrap_or(package);
        return if !own(function) || last == "main" { format!("{last}.{name}") } else { name };
    }
    let plain = hashless(function);
    // `<shop::Cart as Trait>::add` is a function of `Cart`.
    if let Some((kind, method)) = plain.strip_prefix('<').and_then(|rest| rest.rsplit_once(">::")) {
        let name = kind.split(" as ").next().unwrap_or(kind).split('<').next().unwrap_or(kind);
        return format!("{}::{method}", name.rsplit("::").next().unwrap_or(name));
    }
    let plain = plain.split(['<', '(']).find(|part| !part.is_empty()).unwrap_or(plain);
    let parts: Vec<&str> = plain.trim_end_matches("::").rsplitn(3, "::").collect();
    match parts[..] {
        [last, before, _] => format!("{before}::{last}"),
        _ => plain.to_string(),
    }
}

/// Without the hash that Rust's older mangling ends in: `::h` and 16 hexadecimal digits.
fn hashless(function: &str) -> &str {
    let hash = |end: &str| end.len() == 17 && end.starts_with('h') && end[1..].bytes().all(|b| b.is_ascii_hexdigit());
    function.rsplit_once("::").filter(|(_, end)| hash(end)).map_or(function, |(name, _)| name)
}

/// Whether it is a function without a name of its own, as goroutines often start with.
pub fn closure(function: &str) -> bool {
    function.rsplit('.').next().is_some_and(|last| last.strip_prefix("func").is_some_and(starts_with_digit))
        || function.contains("{{closure}}")
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// What every stack of Go's runtime begins or ends with.
const PLUMBING: [&str; 9] = [
    "runtime.systemstack",
    "runtime.mcall",
    "runtime.goexit",
    "runtime.main",
    "runtime.newobject",
    "runtime.mallocgc",
    "runtime.makeslice",
    "runtime.growslice",
    "runtime.newproc.func1",
];

/// Whether a function says nothing of what a stack is about.
pub(super) fn plumbing(function: &str) -> bool {
    PLUMBING.contains(&function)
}

/// What the functions below the program's own say a goroutine waits for, innermost first. The first that is found
/// stands; the order goes from what is particular to what everything ends in.
const WAITS: [(&str, &str); 19] = [
    ("runtime.chanrecv", "chan receive"),
    ("runtime.chansend", "chan send"),
    ("runtime.selectgo", "select"),
    ("runtime.block", "select without cases"),
    ("sync.runtime_SemacquireRWMutexR", "sync.RWMutex.RLock"),
    ("sync.runtime_SemacquireRWMutex", "sync.RWMutex.Lock"),
    ("sync.runtime_SemacquireMutex", "sync.Mutex.Lock"),
    ("internal/sync.runtime_SemacquireMutex", "sync.Mutex.Lock"),
    ("sync.runtime_SemacquireWaitGroup", "sync.WaitGroup.Wait"),
    ("sync.runtime_Semacquire", "semaphore"),
    ("sync.runtime_notifyListWait", "sync.Cond.Wait"),
    ("time.Sleep", "sleep"),
    ("internal/poll.runtime_pollWait", "IO wait"),
    ("runtime.netpollblock", "IO wait"),
    ("os/signal.signal_recv", "signal"),
    ("runtime.notetsleepg", "runtime"),
    ("runtime.gcBgMarkWorker", "GC worker"),
    ("syscall.", "system call"),
    ("runtime.gopark", "parked"),
];

/// What a goroutine waits for, told from the functions of its stack, innermost first: `chan receive`, `select`,
/// `IO wait`, `sleep`. `running` when it does not wait.
pub fn wait_reason<'a>(stack: impl Iterator<Item = &'a str> + Clone) -> &'static str {
    let upto = stack.clone().take_while(|function| !own(function)).count();
    let said = |name: &str| stack.clone().take(upto).any(|function| function.starts_with(name));
    WAITS.iter().find(|(name, _)| said(name)).map_or("running", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_told_from_the_program() {
        for (function, is) in [
            ("runtime.mallocgc", false),
            ("net/http.(*conn).serve", false),
            ("vendor/golang.org/x/net/http2/hpack.NewEncoder", false),
            ("main.main", true),
            ("acp.example/app/pkg/buffer.NewRingGrowing", true),
            ("shop/cart.(*Cart).Add", true),
            ("slices.Grow[go.shape.[]acp.example/x.T]", false),
            ("alloc::vec::Vec<T>::push", false),
            ("shop::cart::Cart::add", true),
            ("operator new(unsigned long)", false),
            ("app+0x1234", true),
        ] {
            assert_eq!(own(function), is, "{function}");
        }
    }

    #[test]
    fn functions_are_said_as_people_say_them() {
        for (function, says) in [
            ("acp.example/app/pkg/healthy.(*SessionIndex).remember", "SessionIndex.remember"),
            ("acp.example/app/pkg/controller.newController.func1", "newController.func1"),
            ("net/http.(*conn).serve", "http.conn.serve"),
            ("main.main.func1", "main.main.func1"),
            ("shop::cart::Cart::add", "Cart::add"),
            ("shop::cart::Cart::add::h0123456789abcdef", "Cart::add"),
            ("<shop::cart::Cart<T> as core::ops::Add>::add", "Cart::add"),
            ("app+0x1234", "app+0x1234"),
            ("malloc", "malloc"),
        ] {
            assert_eq!(short(function), says);
        }
        assert!(closure("a.b/c.Register.func1") && !closure("a.b/c.function"));
    }

    #[test]
    fn waiting_is_told_from_what_the_runtime_does_below_the_program() {
        let of = |stack: &[&'static str]| wait_reason(stack.iter().copied());
        assert_eq!(of(&["runtime.gopark", "runtime.chanrecv", "runtime.chanrecv2", "a.b/c.run"]), "chan receive");
        assert_eq!(of(&["runtime.gopark", "runtime.selectgo", "a.b/c.pop"]), "select");
        assert_eq!(
            of(&["runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireMutex", "a.b/c.lock"]),
            "sync.Mutex.Lock"
        );
        assert_eq!(of(&["a.b/c.spin", "runtime.chanrecv"]), "running");
    }
}
