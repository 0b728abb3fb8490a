//! Charts as SVG, drawn by our own hand: no script needed, light and dark, fit for a page, a mail or a README.

mod hover;
mod layers;
mod legend;

use std::fmt::Write;

use jiff::tz::TimeZone;
use model::evidence::{Chart, Role};

use super::axis::{Frame, time_ticks, value_ticks};
use super::clock::Clock;
use super::plain::{cut, plain, width};

/// How a chart is drawn.
#[derive(Clone, Debug)]
pub struct Style {
    /// Width in pixels; at least 320.
    pub width: f64,
    /// Height of the plot itself in pixels, without title, key and axis; at least 80.
    pub height: f64,
    /// The zone of the time axis.
    pub zone: TimeZone,
    /// Start of the ids within the drawing: must differ between drawings on one page.
    pub id: String,
    /// Whether the drawing brings its colours and ground along; a page that includes [`CSS`] itself says no.
    pub standalone: bool,
}

impl Default for Style {
    /// 920 by 240 pixels, UTC, standing alone.
    fn default() -> Style {
        Style { width: 920.0, height: 240.0, zone: TimeZone::UTC, id: "chart".into(), standalone: true }
    }
}

/// The style sheet of all charts, light and dark.
pub const CSS: &str = include_str!("../templates/chart.css");

/// Points a line keeps at most; beyond, the lowest and highest of every column stay.
const COLUMNS: usize = 400;
/// Pixels a character of the 12 px font takes, on average.
const LETTER: f64 = 6.6;

/// The chart as an `<svg>` element that carries its own title and description.
pub fn chart(chart: &Chart, style: &Style) -> String {
    let page = Page::new(chart, style);
    let title = escape(&chart.title);
    let id = escape(&style.id);
    let mut out = String::new();
    let (w, h) = (page.width, page.total_height());
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="pc" viewBox="0 0 {w:.0} {h:.0}" width="{w:.0}" height="{h:.0}" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{title}</title><desc id="{id}-d">{}</desc>"#,
        escape(&legend::description(chart, &page.clock)),
    );
    if style.standalone {
        let _ = write!(
            out,
            r#"<style>{CSS}</style><rect class="pc-ground" x="0.5" y="0.5" width="{:.0}" height="{:.0}" rx="8"/>"#,
            w - 1.0,
            h - 1.0
        );
    }
    let heading = escape(&cut(&plain(&chart.title), (w / 7.6) as usize));
    let _ = write!(out, r#"<text class="pc-title" x="{:.1}" y="22">{heading}</text>"#, page.edge);
    match &page.frame {
        Some(frame) => page.draw(&mut out, frame),
        None => {
            let _ =
                write!(out, r#"<text class="pc-none" x="{:.1}" y="{:.1}">no samples to draw</text>"#, w / 2.0, h / 2.0);
        }
    }
    out.push_str("</svg>");
    out
}

/// Text made safe for XML: markup escaped, and what XML cannot hold replaced.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('�'),
            c => safe.push(c),
        }
    }
    safe
}

/// Where everything stands.
struct Page<'a> {
    chart: &'a Chart,
    frame: Option<Frame>,
    clock: Clock,
    id: String,
    width: f64,
    /// Blank at the outer edges.
    edge: f64,
    /// The plot: left, top, width, height.
    left: f64,
    top: f64,
    across: f64,
    height: f64,
    key: legend::Key,
}

impl<'a> Page<'a> {
    fn new(chart: &'a Chart, style: &Style) -> Page<'a> {
        let number = |v: f64, least: f64| if v.is_finite() { v.clamp(least, 10_000.0) } else { least };
        let (full, height) = (number(style.width, 320.0), number(style.height, 80.0));
        let frame = Frame::of(chart);
        let height = if frame.is_some() { height } else { 60.0 };
        let edge = if style.standalone { 16.0 } else { 2.0 };
        let labels = frame.map(|f| value_ticks(&f, chart.unit, ticks_up(height))).unwrap_or_default();
        let label = labels.iter().map(|t| width(&t.label)).max().unwrap_or(4) as f64;
        let left = edge + label * LETTER + 10.0;
        let strips = if frame.is_some() { chart.intervals.len().min(layers::MOST_INTERVALS) } else { 0 };
        let top = 36.0 + strips as f64 * layers::STRIP;
        Page {
            chart,
            frame,
            clock: Clock::new(style.zone.clone()),
            id: escape(&style.id),
            width: full,
            edge,
            left,
            top,
            across: full - left - edge - 8.0,
            height,
            key: legend::Key::of(chart, frame.as_ref(), full - 2.0 * edge),
        }
    }

    fn total_height(&self) -> f64 {
        self.top + self.height + 30.0 + self.key.height() + if self.edge > 8.0 { 8.0 } else { 0.0 }
    }

    fn x(&self, frame: &Frame, at: i64) -> f64 {
        self.left + frame.across(at) * self.across
    }

    fn y(&self, frame: &Frame, value: f64) -> f64 {
        // Far outside is as good as a little outside, and keeps the numbers short.
        self.top + (1.0 - frame.up(value).clamp(-2.0, 3.0)) * self.height
    }

    fn draw(&self, out: &mut String, frame: &Frame) {
        let (l, t, w, h) = (self.left, self.top, self.across, self.height);
        let _ = write!(
            out,
            r#"<clipPath id="{}-c"><rect x="{l:.1}" y="{t:.1}" width="{w:.1}" height="{h:.1}"/></clipPath>"#,
            self.id
        );
        layers::intervals(self, out, frame);
        self.grid(out, frame);
        let _ = write!(out, r#"<g clip-path="url(#{}-c)">"#, self.id);
        layers::bands(self, out, frame);
        for role in [Role::Baseline, Role::Limit, Role::Forecast, Role::Series] {
            layers::lines(self, out, frame, role);
        }
        out.push_str("</g>");
        layers::dots(self, out, frame);
        layers::marks(self, out, frame);
        layers::crossing(self, out, frame);
        self.key.draw(out, self.edge, t + h + 46.0);
        hover::columns(self, out, frame);
    }

    fn grid(&self, out: &mut String, frame: &Frame) {
        let (l, r, bottom) = (self.left, self.left + self.across, self.top + self.height);
        for tick in value_ticks(frame, self.chart.unit, ticks_up(self.height)) {
            let y = self.y(frame, tick.at);
            let label = escape(&tick.label);
            let _ = write!(out, r#"<path class="pc-grid" d="M{l:.1} {y:.1}H{r:.1}"/>"#);
            let _ = write!(out, r#"<text class="pc-tick pc-end" x="{:.1}" y="{:.1}">{label}</text>"#, l - 8.0, y + 4.0);
        }
        let _ = write!(out, r#"<path class="pc-axis" d="M{l:.1} {bottom:.1}H{r:.1}"/>"#);
        for tick in time_ticks(frame, &self.clock, (self.across / 90.0) as usize) {
            let x = self.x(frame, tick.at);
            let class = match x {
                x if x < l + 16.0 => " pc-start",
                x if x > r - 16.0 => " pc-end",
                _ => " pc-middle",
            };
            let label = escape(&tick.label);
            let _ = write!(out, r#"<path class="pc-axis" d="M{x:.1} {bottom:.1}v5"/>"#);
            let _ = write!(out, r#"<text class="pc-tick{class}" x="{x:.1}" y="{:.1}">{label}</text>"#, bottom + 19.0);
        }
    }
}

/// Ticks that have room on a vertical axis.
fn ticks_up(height: f64) -> usize {
    ((height / 44.0) as usize).clamp(2, 8)
}
