//! `-proto`: the profile as it was merged and filtered, for any reader of profiles.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use model::profile::{
    Builder, Frame, Header, Label, LabelValue, Location, Malformed, Mapping, Profile, Text, ValueType,
};

use super::super::Trouble;
use super::super::options::Options;
use super::super::view::View;

/// The profile as gzip-compressed protobuf, values divided by `-divide_by`, inlined frames left out by `-noinlines`,
/// and what `-add_comment` says added.
pub fn proto(view: &View<'_>) -> Result<Vec<u8>, Trouble> {
    let ratio = 1.0 / view.options.divide_by;
    let Options { add_comment, shape, .. } = view.options;
    let as_it_is = (ratio <= 0.0 || ratio == 1.0) && !shape.no_inlines && add_comment.is_empty();
    if as_it_is { packed(view.profile().encoded()) } else { packed(&Changed { view, ratio }.written()?) }
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).and_then(|()| packer.finish()).map_err(|e| Trouble::new(e.to_string()))
}

/// A profile that is written with other values or without inlined frames.
struct Changed<'v> {
    view: &'v View<'v>,
    ratio: f64,
}

impl Changed<'_> {
    fn written(&self) -> Result<Vec<u8>, Malformed> {
        let profile = self.view.profile();
        let mut builder = Builder::new();
        let texts: Vec<Text> =
            (0..profile.text_count() as u32).map(|place| builder.text(profile.text(Text::at(place)))).collect();
        let text = |text: Text| texts.get(text.place()).copied().unwrap_or_default();
        for mapping in profile.mappings() {
            let mut symbolized = mapping.symbolized;
            symbolized[3] &= !self.view.options.shape.no_inlines;
            let (file, build_id) = (text(mapping.file), text(mapping.build_id));
            builder.mapping(&Mapping { file, build_id, symbolized, ..*mapping });
        }
        for function in profile.functions() {
            builder.function(text(function.name), text(function.system_name), text(function.file), function.start_line);
        }
        for location in profile.locations() {
            let mapping = location.mapping().map_or(0, |place| place as u64 + 1);
            builder.location(mapping, location.address, &self.frames(profile, location), location.folded);
        }
        let mut samples = profile.samples();
        while let Some(sample) = samples.read()? {
            let values: Vec<i64> = sample.values.iter().map(|value| self.value(*value)).collect();
            let label = |label: &Label| Label {
                key: text(label.key),
                value: match label.value {
                    LabelValue::Text(words) => LabelValue::Text(text(words)),
                    LabelValue::Number { value, unit } => LabelValue::Number { value, unit: text(unit) },
                },
            };
            let labels: Vec<Label> = sample.labels.iter().map(label).collect();
            builder.sample(sample.locations.iter().map(|place| u64::from(*place) + 1), &values, &labels);
        }
        let comments = self.view.about.comments.iter().map(|comment| builder.text(comment)).collect();
        let header = Header { comments, ..header(profile.header(), text) };
        Ok(builder.into_bytes(&header))
    }

    fn value(&self, value: i64) -> i64 {
        if self.ratio > 0.0 && self.ratio != 1.0 { (value as f64 * self.ratio) as i64 } else { value }
    }

    /// The frames of a location; without inlined ones, the last, by line only unless columns are asked for.
    fn frames(&self, profile: &Profile, location: &Location) -> Vec<Frame> {
        let shape = &self.view.options.shape;
        let lines = profile.lines(location);
        let lines = if shape.no_inlines { &lines[lines.len().saturating_sub(1)..] } else { lines };
        let frame = |line: &model::profile::Line| Frame {
            function: u64::from(line.function) + 1,
            line: line.line,
            column: if shape.no_inlines && !shape.columns { 0 } else { line.column },
        };
        lines.iter().map(frame).collect()
    }
}

/// What is said of the whole but for the comments, in the texts of another profile.
fn header(of: &Header, text: impl Fn(Text) -> Text) -> Header {
    let kind = |of: &ValueType| ValueType { kind: text(of.kind), unit: text(of.unit) };
    Header {
        sample_types: of.sample_types.iter().map(kind).collect(),
        default_sample_type: text(of.default_sample_type),
        period_type: kind(&of.period_type),
        drop_frames: text(of.drop_frames),
        keep_frames: text(of.keep_frames),
        doc_url: text(of.doc_url),
        time_nanos: of.time_nanos,
        duration_nanos: of.duration_nanos,
        period: of.period,
        comments: Vec::new(),
    }
}
