//! The report as a document in GitHub's flavour of Markdown, made to be sent on.

use engine::report::{Report, RunReport};
use model::evidence::{Evidence, Table};
use model::finding::Finding;
use model::query::Origin;

use super::clock::Clock;
use super::plain::plain;
use super::story::{self, Status};
use super::{Canvas, cell, measure, text};

/// Columns of a chart drawn in text: what a code block shows without scrolling.
const CHART_COLUMNS: usize = 90;
/// Subjects named one by one before the rest is counted.
const MOST: usize = 50;

/// The report as Markdown.
pub fn render(report: &Report, canvas: &Canvas) -> String {
    let mut page = Page { out: String::new(), clock: Clock::new(canvas.zone.clone()) };
    page.line(&format!("# Patrol report: {}", Status::of_all(report).word().to_lowercase()));
    page.line("");
    let headlines: Vec<String> = story::findings(report)
        .iter()
        .map(|(_, f)| format!("- {} **{}** {}", dot(Status::Found(f.level)), f.level, escape(&story::headline(f))))
        .collect();
    for headline in &headlines {
        page.line(headline);
    }
    for run in report.runs.iter().filter(|run| run.findings.is_empty()) {
        let status = Status::of(run);
        page.line(&format!("- {} **{}** {}", dot(status), status.word().to_lowercase(), escape(&story::outcome(run))));
    }
    if report.runs.is_empty() {
        page.line("Nothing was inspected.");
    }
    for run in &report.runs {
        page.run(run);
    }
    page.line("");
    page.line(&format!("Made by patrol {} at {}.", escape(&report.patrol), page.clock.full(report.made_at)));
    page.out
}

/// A coloured sign before the word, for those who skim.
fn dot(status: Status) -> &'static str {
    use model::finding::Level;
    match status {
        Status::Found(Level::Critical) => "🔴",
        Status::Found(Level::Warning) | Status::Incomplete => "🟡",
        Status::Found(Level::Info) => "🔵",
        Status::Unknown => "🟣",
        Status::Fine => "🟢",
    }
}

/// Foreign text as itself: no markup, no links, no mentions.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let shown = plain(text);
    let mut rest = shown.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '@' | '$' => {
                safe.extend(['\\', c]);
            }
            // Autolinks of GitHub's flavour: `https://` and `www.`.
            ':' if rest.peek() == Some(&'/') => safe.push_str("\\:"),
            '.' if safe.to_ascii_lowercase().ends_with("www") => safe.push_str("\\."),
            '+' | '-' | '=' if safe.is_empty() => safe.extend(['\\', c]),
            '.' | ')' if !safe.is_empty() && safe.chars().all(|c| c.is_ascii_digit()) => safe.extend(['\\', c]),
            c => safe.push(c),
        }
    }
    safe
}

/// Our sentences: `code` between backticks stays code, all else is escaped.
fn words(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escape(text);
    }
    let set = |(i, piece): (usize, &&str)| match *piece {
        // A bar would end a cell of a table even within code.
        code if i % 2 == 1 && !code.is_empty() && !code.contains('|') => format!("`{}`", plain(code)),
        text if i % 2 == 1 => format!("\\`{}\\`", escape(text)),
        text => escape(text),
    };
    pieces.iter().enumerate().map(set).collect()
}

/// A code block no text can end: its fence is longer than any run of backticks inside.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

struct Page {
    out: String,
    clock: Clock,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn run(&mut self, run: &RunReport) {
        self.line(&format!("\n## {}\n", escape(run.title)));
        let when = self.clock.range(run.from, run.to);
        self.line(&format!("`{}`, {when}: {}.", run.inspection, escape(&story::outcome(run))));
        for finding in &run.findings {
            self.finding(finding);
        }
        self.ruled_out(run);
        self.unknown(run);
        self.gaps(run);
        if !run.notes.is_empty() {
            self.line("\n### Notes\n");
            for note in &run.notes {
                self.line(&format!("- {}", words(note)));
            }
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let status = Status::Found(finding.level);
        self.line(&format!("\n### {} {}\n", dot(status), escape(&story::headline(finding))));
        self.line("| | |\n|---|---|");
        self.line(&format!("| level | **{}** |", finding.level));
        self.line(&format!("| code | `{}` |", finding.code));
        for (label, value) in finding.subject.iter() {
            self.line(&format!("| {} | {} |", escape(label), escape(value)));
        }
        for (label, value) in measure::labelled(&finding.measures) {
            self.line(&format!("| {} | {} |", escape(&label), escape(&value)));
        }
        let mut last = None;
        for evidence in &finding.evidence {
            let kind = std::mem::discriminant(evidence);
            if last != Some(kind) || matches!(evidence, Evidence::Table(_) | Evidence::Chart(_)) {
                self.line("");
            }
            last = Some(kind);
            self.evidence(evidence);
        }
    }

    fn evidence(&mut self, evidence: &Evidence) {
        match evidence {
            Evidence::Fact { text } => self.line(&format!("- {}", words(text))),
            Evidence::Advice { text } => self.line(&format!("- **To do:** {}", words(text))),
            Evidence::Missing { what, why, hint } => {
                self.line(&format!("- **Missing:** {}: {}. _Hint:_ {}", words(what), words(why), words(hint)));
            }
            Evidence::Table(table) => {
                self.table(table);
                self.origins(&table.origins);
            }
            Evidence::Chart(chart) => {
                let lines = text::chart(chart, CHART_COLUMNS, &self.clock);
                self.line(&fenced(&lines.join("\n")));
                self.origins(&chart.origins);
            }
        }
    }

    fn table(&mut self, table: &Table) {
        self.line(&format!("**{}**\n", escape(&table.title)));
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        self.line(&row(table.columns.iter().map(|c| escape(&c.name)).collect()));
        let rule = |right| if right { "---:" } else { "---" }.to_string();
        self.line(&row(table.columns.iter().map(|c| rule(cell::right(c))).collect()));
        for cells in &table.rows {
            let cells = cells.iter().zip(&table.columns);
            let line = row(cells.map(|(c, column)| escape(&cell::said(c, column, &self.clock))).collect());
            self.line(&line);
        }
    }

    fn origins(&mut self, origins: &[Origin]) {
        if origins.is_empty() {
            return;
        }
        self.line("\n<details><summary>Where these numbers come from</summary>\n");
        for origin in origins {
            let (when, asked) = (self.clock.range(origin.from, origin.to), self.clock.full(origin.asked_at));
            self.line(&format!("{}, {when}, asked {asked}:\n", escape(&origin.source)));
            self.line(&fenced(&plain(&origin.query)));
        }
        self.line("\n</details>");
    }

    fn ruled_out(&mut self, run: &RunReport) {
        if run.ruled_out.is_empty() {
            return;
        }
        self.line(&format!("\n### Looked suspicious and is not ({})\n", run.ruled_out.len()));
        self.line("| subject | verdict | why |\n|---|---|---|");
        for one in run.ruled_out.iter().take(MOST) {
            let name = escape(&story::name(&one.subject));
            self.line(&format!("| {name} | {} | {} |", escape(one.verdict), words(&one.why)));
        }
        if run.ruled_out.len() > MOST {
            let counts = story::by_verdict(&run.ruled_out);
            self.line(&format!("\nand {} more; in all {counts}", run.ruled_out.len() - MOST));
        }
    }

    fn unknown(&mut self, run: &RunReport) {
        if run.unknown.is_empty() {
            return;
        }
        self.line(&format!("\n### Could not be judged ({})\n", run.unknown.len()));
        self.line("| how many | why | which |\n|---:|---|---|");
        for group in story::by_reason(&run.unknown).iter().take(MOST) {
            let like = if group.differ { "e.g. " } else { "" };
            let few = escape(&group.few(10));
            self.line(&format!("| {} | {like}{} | {few} |", group.names.len(), words(&group.why)));
        }
    }

    fn gaps(&mut self, run: &RunReport) {
        if run.gaps.is_empty() {
            return;
        }
        self.line(&format!("\n### Not answered ({})\n", run.gaps.len()));
        for group in story::by_gap(&run.gaps).iter().take(MOST) {
            let hint = group.hint.as_ref().map(|h| format!(" _Hint:_ {}", words(h))).unwrap_or_default();
            self.line(&format!("- {}.{hint}", words(&group.says)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        assert_eq!(escape("a|b <script> [x](y) `c` @me"), "a\\|b &lt;script&gt; \\[x\\](y) \\`c\\` \\@me");
        assert_eq!(escape("see https://x.y and www.x.y"), "see https\\://x.y and www\\.x.y");
        assert_eq!((escape("- item"), escape("1. item")), ("\\- item".into(), "1\\. item".into()));
        assert_eq!(words("set `a_b` or `x|y` to 1*2"), "set `a_b` or \\`x\\|y\\` to 1\\*2");
        assert_eq!(fenced("a ```` b"), "`````text\na ```` b\n`````");
    }
}
