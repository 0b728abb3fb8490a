//! The flags of `patrol pprof`: those of `go tool pprof`, single dashes included, declared once.

/// How a flag is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `-name`, or `-name=false`.
    Switch,
    /// `-name=value` or `-name value`; what the value is, for the help.
    Value(&'static str),
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its name without dashes.
    pub name: &'static str,
    /// How it is given.
    pub kind: Kind,
    /// What it does.
    pub doc: &'static str,
}

const fn switch(name: &'static str, doc: &'static str) -> Flag {
    Flag { name, kind: Kind::Switch, doc }
}

const fn value(name: &'static str, what: &'static str, doc: &'static str) -> Flag {
    Flag { name, kind: Kind::Value(what), doc }
}

/// All flags, under the headings of the help.
pub const FLAGS: &[(&str, &[Flag])] = &[
    (
        "Reports (one of them)",
        &[
            switch("top", "functions by their own value"),
            switch("text", "the same as -top"),
            switch("tree", "each function with who calls it and whom it calls"),
            value("peek", "REGEX", "the same for functions that match"),
            value("list", "REGEX", "annotated source of functions that match (opens the files that the profile names)"),
            switch("traces", "every sample with its stack"),
            switch("tags", "the labels of the samples and what they hold"),
            switch("raw", "the whole profile as text"),
            switch("comments", "the comments in the profile"),
            switch("proto", "the profile itself, merged and filtered, gzipped protobuf (needs -output or a pipe)"),
            value("flame", "FILE.html", "an interactive flame graph in one file"),
        ],
    ),
    (
        "Profiles",
        &[
            value("base", "FILE", "subtract this profile (the last one given counts)"),
            value("diff_base", "FILE", "compare with this profile, shares are of it (the last one given counts)"),
            switch("normalize", "scale the profile to the base first"),
            value("seconds", "N", "duration of a profile fetched from a URL"),
            value("timeout", "N", "seconds to wait for a profile fetched from a URL"),
            value("symbolize", "HOW", "accepted for compatibility; names come from the profile alone"),
            switch("all_frames", "ignore drop_frames and keep_frames of the profile"),
            value("add_comment", "TEXT", "add a comment to the profile"),
            value("max_uncompressed", "SIZE", "give up on a profile larger than this once uncompressed (default 1GiB)"),
        ],
    ),
    (
        "Values",
        &[
            value("sample_index", "NAME", "which value to show, by name or place (inuse_space, 1, ...)"),
            switch("inuse_space", "the same as -sample_index=inuse_space"),
            switch("inuse_objects", "the same as -sample_index=inuse_objects"),
            switch("alloc_space", "the same as -sample_index=alloc_space"),
            switch("alloc_objects", "the same as -sample_index=alloc_objects"),
            switch("total_delay", "the same as -sample_index=delay"),
            switch("contentions", "the same as -sample_index=contentions"),
            switch("mean_delay", "the same as -mean -sample_index=delay"),
            switch("mean", "the mean over the first value (bytes an object)"),
            value("divide_by", "N", "divide all values by this"),
            value("unit", "UNIT", "show values in this unit (minimum, auto, mb, s, ...)"),
            switch("relative_percentages", "shares of what the filters leave"),
        ],
    ),
    (
        "Order and size",
        &[
            switch("flat", "sort by own value"),
            switch("cum", "sort by value with all that is called"),
            value("nodecount", "N", "show so many nodes (-1: as the report likes)"),
            value("nodefraction", "F", "hide nodes below this share (0.005)"),
            value("edgefraction", "F", "hide edges below this share (0.001)"),
            switch("trim", "honour the three above; -trim=false shows everything"),
            switch("drop_negative", "leave out what shrank"),
            switch("call_tree", "accepted for compatibility; only drawn graphs honour it"),
            switch("compact_labels", "minimal heading"),
        ],
    ),
    (
        "What is one line of the report",
        &[
            switch("functions", "a function (default)"),
            switch("filefunctions", "a function of a file"),
            switch("files", "a file"),
            switch("lines", "a source line"),
            switch("addresses", "an address"),
            switch("noinlines", "count inlined functions as their caller"),
            switch("showcolumns", "tell columns of a line apart"),
        ],
    ),
    (
        "Filters",
        &[
            value("focus", "REGEX", "only samples that go through a match"),
            value("ignore", "REGEX", "no samples that go through a match"),
            value("hide", "REGEX", "no frames that match"),
            value("show", "REGEX", "only frames that match"),
            value("show_from", "REGEX", "no frames above the outermost match"),
            value("prune_from", "REGEX", "no frames below a match, nor the match"),
            value("tagfocus", "FILTER", "only samples with a label that matches (regexp, KEY=REGEX, 1kb:10kb)"),
            value("tagignore", "FILTER", "no samples with a label that matches"),
            value("tagshow", "REGEX", "only labels that match"),
            value("taghide", "REGEX", "no labels that match"),
            value("tagroot", "KEYS", "labels as frames at the root of each stack"),
            value("tagleaf", "KEYS", "labels as frames at the leaf of each stack"),
        ],
    ),
    (
        "Source and output",
        &[
            value("source_path", "DIRS", "where to look for source files (`:` between several)"),
            value("trim_path", "DIRS", "cut these off the front of source paths"),
            switch("go_sources", "also look in GOROOT, the module cache and vendor folders"),
            value("output", "FILE", "write the report there"),
        ],
    ),
];

/// Reports and settings of the reference that Patrol leaves to it.
const NOT_OFFERED: [&str; 20] = [
    "http",
    "no_browser",
    "web",
    "weblist",
    "svg",
    "dot",
    "png",
    "gif",
    "pdf",
    "ps",
    "eog",
    "evince",
    "gv",
    "disasm",
    "callgrind",
    "kcachegrind",
    "topproto",
    "tools",
    "buildid",
    "intel_syntax",
];

/// The flag of that name.
pub fn named(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().flat_map(|(_, flags)| flags.iter()).find(|f| f.name == name)
}

/// The flags as a page of help.
pub fn help() -> String {
    let mut page = String::new();
    for (heading, flags) in FLAGS {
        page += &format!("{heading}:\n");
        for flag in *flags {
            let shown = match flag.kind {
                Kind::Switch => format!("-{}", flag.name),
                Kind::Value(what) => format!("-{} {what}", flag.name),
            };
            page += &format!("  {shown:<24}  {}\n", flag.doc);
        }
        page.push('\n');
    }
    page
}

/// What was given: flags in order, and the other arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Name and value; switches have `true` or `false`.
    pub flags: Vec<(&'static str, String)>,
    /// Everything else.
    pub others: Vec<String>,
}

/// Reads arguments as Go's flag package does, except that flags may also follow files.
pub fn parse(args: &[String]) -> Result<Given, String> {
    let mut given = Given::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let Some(bare) = arg.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            given.others.push(arg.clone());
            continue;
        };
        if bare == "-" {
            given.others.extend(args.cloned());
            break;
        }
        let bare = bare.strip_prefix('-').unwrap_or(bare);
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (bare, None),
        };
        let flag = named(name).ok_or_else(|| match NOT_OFFERED.contains(&name) {
            true => format!("-{name} is not offered; -flame FILE.html draws, -top, -tree and -list print"),
            false => format!("flag provided but not defined: -{name}"),
        })?;
        let value = match (flag.kind, value) {
            (Kind::Switch, None) => "true".to_string(),
            (Kind::Switch, Some(value)) => switched(name, &value)?.to_string(),
            (Kind::Value(_), Some(value)) => value,
            (Kind::Value(_), None) => args.next().cloned().ok_or(format!("flag needs an argument: -{name}"))?,
        };
        given.flags.push((flag.name, value));
    }
    Ok(given)
}

/// The spellings Go's `strconv.ParseBool` takes.
fn switched(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("invalid boolean value \"{value}\" for -{name}: parse error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(args: &[&str]) -> Result<Given, String> {
        parse(&args.iter().map(|a| a.to_string()).collect::<Vec<_>>())
    }

    /// One or two dashes, values after `=` or a blank, files anywhere.
    #[test]
    fn flags_are_read_as_go_does() {
        let found = given(&["-top", "--nodecount=3", "a.pb.gz", "-focus", "x=y", "-trim=F", "--", "-odd"]).unwrap();
        let flags: Vec<(&str, &str)> = found.flags.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(flags, [("top", "true"), ("nodecount", "3"), ("focus", "x=y"), ("trim", "false")]);
        assert_eq!(found.others, ["a.pb.gz", "-odd"]);
        assert_eq!(given(&["-topp"]).unwrap_err(), "flag provided but not defined: -topp");
        assert!(given(&["-http=:8080"]).unwrap_err().starts_with("-http is not offered; -flame"));
        assert_eq!(given(&["-peek"]).unwrap_err(), "flag needs an argument: -peek");
        assert_eq!(given(&["-cum=maybe"]).unwrap_err(), "invalid boolean value \"maybe\" for -cum: parse error");
    }
}
