//! The page around the boxes: heading, still picture, table, data and script.

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use model::profile::graph::Part;
use model::profile::{Malformed, Profile};
use serde::Serialize;

use super::fold::{self, Boxes, fold};
use super::frames::Frames;
use super::payload::{Kind, kind, payload};
use super::picture::picture;
use super::trie::{Change, DEEPEST, Trie};
use crate::render::{plain, svg};

/// Frames in the table.
const ROWS: usize = 50;
/// Kinds of value that one can switch between.
const KINDS: usize = 8;

/// How a flame graph is labelled.
#[derive(Clone, Debug, Default)]
pub struct FlameOptions {
    /// Heading; the name of the program and the kind of value where it is empty.
    pub title: String,
    /// Lines below it: when the profile was taken, what was filtered.
    pub facts: Vec<String>,
    /// Unit of values, as `-unit` takes it; the one that fits each where it is empty or `minimum`.
    pub unit: String,
    /// Coloured as a difference even where nothing was taken away.
    pub diff: bool,
    /// What shares of the value shown first are of, where that is not all that is in the profile.
    pub total: Option<u64>,
}

/// The flame graph of a profile as HTML; `value` is the place of the sample type shown first.
///
/// Coloured as a difference when the profile has negative values or samples with the label `pprof::base`.
pub fn page(profile: &Profile, value: usize, options: &FlameOptions) -> Result<String, Malformed> {
    page_of(&[Part { profile, base: false }], value, options)
}

/// The flame graph of several profiles of the same sample types, some of which may be subtracted.
pub fn page_of(parts: &[Part<'_>], value: usize, options: &FlameOptions) -> Result<String, Malformed> {
    let Some(first) = parts.first().map(|p| p.profile).filter(|p| value < p.header().sample_types.len()) else {
        return Err(Malformed::new(format!("it has no sample type at place {value}")));
    };
    let types = &first.header().sample_types;
    let others = (0..types.len()).filter(|place| *place != value);
    let shown: Vec<usize> = std::iter::once(value).chain(others).take(KINDS).collect();
    let frames = Frames::new(parts);
    let mut trie = Trie::new(parts, &frames, &shown)?;
    trie.diff |= options.diff;
    trie.totals[0] = options.total.unwrap_or(trie.totals[0]);
    let boxes = fold(&trie);
    let kinds: Vec<Kind> = shown
        .iter()
        .zip(&trie.totals)
        .map(|(place, total)| {
            let of = types[*place];
            kind(*place, &plain(first.text(of.kind)), first.text(of.unit), &options.unit, *total)
        })
        .collect();
    Ok(write(&Drawn { first, trie: &trie, boxes: &boxes, frames: &frames, kinds: &kinds }, options))
}

/// All that the page is made of.
struct Drawn<'a> {
    first: &'a Profile,
    trie: &'a Trie,
    boxes: &'a Boxes,
    frames: &'a Frames,
    kinds: &'a [Kind],
}

/// A frame of the table.
#[derive(Serialize)]
struct Row {
    flat: String,
    flat_share: String,
    cum: String,
    cum_share: String,
    name: String,
    file: String,
}

fn write(drawn: &Drawn<'_>, options: &FlameOptions) -> String {
    let kind = &drawn.kinds[0];
    let title = if options.title.is_empty() { drawn.title() } else { plain(&options.title).into_owned() };
    let mut pages = Environment::new();
    let html = pages.add_template("flame.html", include_str!("flame.html")).and_then(|()| {
        pages.get_template("flame.html")?.render(context! {
            title,
            version => env!("CARGO_PKG_VERSION"),
            facts => options.facts.iter().map(|f| plain(f).into_owned()).collect::<Vec<_>>(),
            kind => &kind.name,
            total => kind.said(i64::try_from(kind.total).unwrap_or(i64::MAX)),
            diff => drawn.trie.diff,
            based => drawn.trie.based,
            notes => drawn.notes(),
            rows => Value::from(Serde(&drawn.rows())),
            css => Value::from_safe_string(include_str!("flame.css").into()),
            script => Value::from_safe_string(include_str!("flame.js").into()),
            picture => Value::from_safe_string(picture(drawn.trie, drawn.boxes, drawn.frames, kind)),
            data => Value::from_safe_string(payload(drawn.trie, drawn.boxes, drawn.frames, drawn.kinds)),
        })
    });
    // The template is ours and tested; should it fail all the same, the reader gets the words.
    html.unwrap_or_else(|error| {
        format!("<!doctype html><meta charset=\"utf-8\"><p>{}</p>\n", svg::escape(&error.to_string()))
    })
}

impl Drawn<'_> {
    fn title(&self) -> String {
        let file = self.first.mappings().first().map_or("", |m| self.first.text(m.file));
        let program = plain(file.rsplit('/').next().unwrap_or_default());
        [&*program, &*self.kinds[0].name].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// What the picture does not show.
    fn notes(&self) -> Vec<String> {
        let (mut notes, Drawn { trie, boxes, kinds, .. }) = (Vec::new(), self);
        if boxes.folded > 0 {
            let why = if boxes.least > fold::LEAST {
                format!("to keep the {} widest", grouped(fold::MOST))
            } else {
                "because they are below 0.01 % of every kind of value".into()
            };
            let width = boxes.cumulative(0)[0].width().max(1);
            let share = boxes.folded(0) as f64 * 100.0 / width as f64;
            notes.push(format!(
                "{} of {} call paths were folded into (other), {why}: {share:.2} % of the width for {}.",
                grouped(boxes.folded),
                grouped(trie.nodes.len() - 1),
                kinds[0].name,
            ));
        }
        if trie.cut > 0 {
            notes.push(format!(
                "Stacks of more than {DEEPEST} frames, whose innermost are left out: {}.",
                grouped(trie.cut)
            ));
        }
        notes
    }

    /// The frames that hold most themselves.
    fn rows(&self) -> Vec<Row> {
        let (weights, kind) = (&self.trie.weights, &self.kinds[0]);
        let mut order: Vec<usize> = (0..weights.len()).filter(|f| weights[*f].cum.width() > 0).collect();
        let size = |change: Change| change.net().unsigned_abs();
        order.sort_by_key(|f| {
            let (weight, frame) = (&weights[*f], &self.frames.all[*f]);
            (std::cmp::Reverse((size(weight.flat), size(weight.cum))), &frame.name, &frame.file)
        });
        let row = |f: usize| {
            let (flat, cum, frame) = (weights[f].flat.net(), weights[f].cum.net(), &self.frames.all[f]);
            Row {
                flat: kind.said(flat),
                flat_share: kind.share(flat),
                cum: kind.said(cum),
                cum_share: kind.share(cum),
                name: frame.name.clone(),
                file: frame.file.clone(),
            }
        };
        order.into_iter().take(ROWS).map(row).collect()
    }
}

/// A number in groups of three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
