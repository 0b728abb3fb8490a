//! A report in every format: text, Markdown, HTML, JSON, with charts.
