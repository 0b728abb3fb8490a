//! Flame graphs in a browser: what the script does with the address, the search and the keys.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use model::profile::graph::Part;
use model::profile::{Builder, Frame, Header, Profile, ValueType};
use patrol::pprof::flame::{FlameOptions, page_of};

/// Stacks of a program, outermost frame first, with objects and bytes.
type Stacks<'a> = [(&'a [&'a str], [i64; 2])];

const AFTER: &Stacks = &[
    (&["main.main", "a.example/shop/cart.Load"], [30, 3_000_000]),
    (&["main.main", "a.example/shop/hub.(*Hub).Feed", "a.example/shop/ring.New"], [1, 6_000_000]),
    (&["main.main", "a.example/shop/hub.(*Hub).Feed"], [1, 500_000]),
    (&["runtime.malg"], [5, 500_000]),
];
const BEFORE: &Stacks = &[
    (&["main.main", "a.example/shop/cart.Load"], [40, 4_000_000]),
    (&["main.main", "a.example/shop/hub.(*Hub).Feed", "a.example/shop/ring.New"], [1, 1_000_000]),
];

fn profile(stacks: &Stacks) -> Profile {
    let mut builder = Builder::new();
    let [objects, count, space, bytes] = ["inuse_objects", "count", "inuse_space", "bytes"].map(|t| builder.text(t));
    for (stack, values) in stacks {
        let mut ids = Vec::new();
        for name in stack.iter().rev() {
            let [text, file] = [name, "shop/all.go"].map(|t| builder.text(t));
            let function = builder.function(text, text, file, 1);
            ids.push(builder.location(0, 0, &[Frame { function, line: 42, column: 0 }], false));
        }
        builder.sample(ids, values, &[]);
    }
    let kinds = [(objects, count), (space, bytes)].map(|(kind, unit)| ValueType { kind, unit });
    builder.finish(&Header { sample_types: kinds.to_vec(), ..Header::default() }).unwrap()
}

fn html(after: &Stacks, before: Option<&Stacks>) -> String {
    let (after, before) = (profile(after), before.map(profile));
    let base = before.iter().map(|profile| Part { profile, base: true });
    let parts: Vec<Part<'_>> = std::iter::once(Part { profile: &after, base: false }).chain(base).collect();
    page_of(&parts, 1, &FlameOptions { title: "shop".into(), ..FlameOptions::default() }).unwrap()
}

/// Runs a script in the page at an address, in which `seen(text)` notes a line and `texts(selector)` gives what stands
/// in some elements; gives the lines, or nothing where there is no browser.
fn seen(html: &str, hash: &str, script: &str) -> Option<Vec<String>> {
    if Command::new("chromium").arg("--version").output().is_err() {
        eprintln!("skipped: chromium is not installed");
        return None;
    }
    let tools = r#"
        const lines = [], seen = (line) => lines.push(line);
        const texts = (what) => [...document.querySelectorAll(what)].map((e) => e.textContent).join("|");
    "#;
    let script = format!("<script>{tools}{script}\ndocument.title = lines.join(\"\\n\");</script></body>");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flame.html");
    fs::write(&file, html.replace("</body>", &script)).unwrap();
    let page = dump(folder.path(), &format!("file://{}{hash}", file.display()));
    let title = page.split_once("<title>").unwrap().1.split("</title>").next().unwrap();
    Some(title.lines().map(|line| line.replace("&amp;", "&")).collect())
}

/// The page as it stands after its scripts ran.
fn dump(folder: &Path, address: &str) -> String {
    let flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
    let more = ["--disable-component-update", "--disable-dev-shm-usage", "--window-size=1400,900", "--dump-dom"];
    let mut browser = Command::new("chromium");
    browser.args(flags).args(more).arg(format!("--user-data-dir={}", folder.join("browser").display())).arg(address);
    let page = output_within(PATIENCE, &mut browser);
    String::from_utf8(page.unwrap_or_else(|| panic!("chromium showed no page within {PATIENCE:?}"))).unwrap()
}

/// How long a browser may take to show a page, which is a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program prints; nothing when it takes longer than that, and is killed.
fn output_within(limit: Duration, command: &mut Command) -> Option<Vec<u8>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut printed = Vec::new();
        // Nobody listens any more when it took too long.
        let _ = send.send(stdout.read_to_end(&mut printed).map(|_| printed));
    });
    let printed = receive.recv_timeout(limit).ok();
    if printed.is_none() {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    printed.map(Result::unwrap)
}

#[test]
fn a_browser_that_hangs_is_killed() {
    assert_eq!(output_within(PATIENCE, Command::new("echo").arg("page")).unwrap(), b"page\n");
    let started = Instant::now();
    assert_eq!(output_within(Duration::from_millis(50), Command::new("sleep").arg("50")), None);
    assert!(started.elapsed() < Duration::from_secs(40), "it was waited for");
}

/// Notes what the page shows.
const LOOK: &str = r##"
    seen(texts("#crumbs > *") || "-");
    seen([...document.querySelectorAll("#picture .b")].map((e) => e.dataset.box).join(" "));
    seen(document.querySelectorAll(".hit").length + " hits: " + (texts("#found") || "-"));
    seen(texts("#says > div"));
"##;

/// An address is a view: zoomed to a box, searched, of a kind of value.
#[test]
fn the_address_of_the_page_is_the_view() {
    let html = html(AFTER, None);
    let at = |hash: &str| seen(&html, hash, LOOK);
    let Some(whole) = at("") else { return };
    assert_eq!(whole, ["-", "0 1 2 3 4 5", "0 hits: -", "all|cum 9.54MB · 100% of total · flat 0 (0%)"]);
    assert_eq!(at("#box=99999&kind=none&find=").unwrap(), whole);
    assert_eq!(
        at("#box=2&find=ring|cart").unwrap(),
        [
            "all|main.main|hub.(*Hub).Feed",
            "2 3",
            "1 hits: 8.58MB in 2 boxes, 90.00% of total",
            "a.example/shop/hub.(*Hub).Feedshop/all.go:42|cum 6.20MB · 65.00% of total · 68.42% of parent · flat \
             488.28kB (5.00%)",
        ]
    );
    let objects = at("#find=RING&kind=inuse_objects").unwrap();
    assert_eq!(objects[2], "0 hits: no match", "upper case is meant");
    assert!(objects[3].starts_with("all|cum 37 · "), "{objects:?}");
    // What is no regular expression is looked for as it stands.
    assert_eq!(at("#find=(*Hub").unwrap()[2], "1 hits: 6.20MB in 1 box, 65.00% of total");
}

/// Keys walk over the boxes, zoom in and out; a click zooms; the address follows.
#[test]
fn keys_and_clicks_walk_over_the_boxes() {
    let script = r##"
        const press = (key) => {
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          seen([key, document.querySelector(".on")?.dataset.box ?? "-", location.hash].join(" ").trim());
        };
        ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "Enter", "ArrowUp", "Escape", "/"].forEach(press);
        seen(document.activeElement.id);
        document.querySelector("#find").value = "malg";
        document.querySelector("#find").dispatchEvent(new Event("input"));
        press("Enter");
        press("Escape");
        document.querySelector('[data-box="3"]').dispatchEvent(new MouseEvent("click", { bubbles: true }));
        seen(location.hash + " " + texts("#says b"));
        document.querySelector("#kinds button").click();
        seen(location.hash + " " + texts("#picture text"));
    "##;
    let Some(lines) = seen(&html(AFTER, None), "", script) else { return };
    assert_eq!(
        lines,
        [
            "ArrowDown 1",
            "ArrowDown 2",
            "ArrowRight 4",
            "ArrowLeft 2",
            "Enter 2 #box=2",
            "ArrowUp 1 #box=1",
            "Escape -",
            "/ -",
            "find",
            "Enter 5 #find=malg",
            "Escape 5",
            "#box=3 a.example/shop/ring.New",
            "#kind=inuse_objects&box=3 ring.New 1",
        ]
    );
}

/// What grew is orange, what shrank is blue, and the readout has both sides.
#[test]
fn differences_are_coloured_by_their_net_change() {
    let script = r##"seen([...document.querySelectorAll(".b")].map((e) => e.classList[1]).join(" "));"##;
    let html = html(AFTER, Some(BEFORE));
    let Some(lines) = seen(&html, "#box=1", &format!("{script}{LOOK}")) else { return };
    assert_eq!(
        lines,
        [
            "g2 g4 g4 s1",
            "all|main.main",
            "1 2 3 4",
            "0 hits: -",
            "main.mainshop/all.go:42|net +4.29MB · 90.00% of the base · 90.00% of parent · after 9.06MB · before 4.77MB · \
             flat 0 (0%)",
        ]
    );
}

/// Standard output of `patrol pprof`, run where the recordings are.
fn pprof(args: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pprof");
    let run = Command::new(env!("CARGO_BIN_EXE_patrol")).current_dir(folder).arg("pprof").args(args).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// The table below a flame graph says of each function what `-top` says: of a whole profile, a part, a difference.
#[test]
fn the_table_says_what_top_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flame.html");
    let page = file.to_str().unwrap();
    let heap = "profiles/leaking/heap.5.pb.gz";
    for (args, least) in [
        (vec!["-unit=kB", heap], 20),
        (vec!["-unit=kB", "-focus=ring|Ring", heap], 3),
        (vec!["-unit=kB", "-diff_base=profiles/leaking/heap.1.pb.gz", heap], 20),
        (vec!["-unit=kB", "-base=profiles/leaking/heap.1.pb.gz", heap], 20),
        (vec!["-unit=ms", "profiles/leaking/cpu.pb.gz"], 20),
        (vec!["profiles/leaking/goroutine.5.pb.gz"], 5),
    ] {
        let top = pprof(&[&["-top", "-trim=false"], &args[..]].concat());
        let cells = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_string);
            let mut take = |n| (&mut words).take(n).collect::<Vec<_>>();
            let (flat, _sum, cum, name) = (take(2), take(1), take(2), take(9).join(" "));
            [flat, cum, vec![name.replace(" (inline)", "").replace(" (partial-inline)", "")]].concat()
        };
        let top: Vec<Vec<String>> = top.lines().map(cells).collect();
        assert_eq!(pprof(&[&["-flame", page], &args[..]].concat()), "");
        let html = fs::read_to_string(&file).unwrap();
        let rows: Vec<Vec<String>> = html
            .lines()
            .filter_map(|line| line.strip_prefix("<tr><td"))
            .map(|line| {
                let cells = line.split("<td").map(|cell| cell.replace("<code>", "").replace("&#x2f;", "/"));
                let bare =
                    |cell: String| cell.split('>').nth(1).unwrap().split('<').next().unwrap().replace("&amp;", "&");
                cells.map(bare).take(5).collect()
            })
            .collect();
        assert!(rows.len() >= least, "{args:?}: {rows:?}");
        for row in rows {
            assert!(top.contains(&row), "{args:?}: {row:?}\n{top:#?}");
        }
    }
}
