//! Colours of the terminal, or none.

use anstyle::{AnsiColor, Style};
use model::finding::Level;

use crate::render::story::Status;

/// Paints text, or leaves it as it is where the reader has no colours.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    color: bool,
}

impl Paint {
    /// With or without colours.
    pub fn new(color: bool) -> Paint {
        Paint { color }
    }

    fn style(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_string()
        }
    }

    /// The status as a badge: blanks around the word where there are colours, brackets where there are none.
    pub fn badge(self, status: Status) -> String {
        if !self.color {
            return format!("[{}]", status.word());
        }
        let background = match status {
            Status::Found(Level::Critical) => AnsiColor::Red,
            Status::Found(Level::Warning) | Status::Incomplete => AnsiColor::Yellow,
            Status::Found(Level::Info) => AnsiColor::Blue,
            Status::Unknown => AnsiColor::Magenta,
            Status::Fine => AnsiColor::Green,
        };
        let ink = if background == AnsiColor::Red { AnsiColor::BrightWhite } else { AnsiColor::Black };
        let style = Style::new().bold().fg_color(Some(ink.into())).bg_color(Some(background.into()));
        self.style(style, &format!(" {} ", status.word()))
    }

    /// Columns a badge takes.
    pub fn badge_width(self, status: Status) -> usize {
        status.word().len() + 2
    }

    /// What to read first.
    pub fn strong(self, text: &str) -> String {
        self.style(Style::new().bold(), text)
    }
    /// What to read last.
    pub fn faint(self, text: &str) -> String {
        self.style(Style::new().dimmed(), text)
    }
    /// What was measured; one colour a line of a chart.
    pub fn series(self, index: usize, text: &str) -> String {
        const INKS: [AnsiColor; 6] = [
            AnsiColor::BrightCyan,
            AnsiColor::BrightYellow,
            AnsiColor::BrightGreen,
            AnsiColor::BrightMagenta,
            AnsiColor::BrightBlue,
            AnsiColor::White,
        ];
        self.style(INKS[index % INKS.len()].on_default(), text)
    }
    /// What it must not reach.
    pub fn limit(self, text: &str) -> String {
        self.style(AnsiColor::Red.on_default(), text)
    }
    /// What is not as it should be, and where that goes.
    pub fn odd(self, text: &str) -> String {
        self.style(AnsiColor::Yellow.on_default(), text)
    }
    /// What to do.
    pub fn advice(self, text: &str) -> String {
        self.style(AnsiColor::Green.on_default().bold(), text)
    }
    /// Where help is.
    pub fn hint(self, text: &str) -> String {
        self.style(AnsiColor::Cyan.on_default(), text)
    }
}
