//! Messages of a profile, written.

use super::builder::Frame;
use super::samples::{Label, LabelValue};
use super::table::{Header, Text, ValueType};
use super::wire::{put_bytes, put_number, put_varint};

/// Appends a message that is shorter than 128 bytes whatever is in it, so that its length takes one byte.
fn put_short(out: &mut Vec<u8>, field: u64, write: impl FnOnce(&mut Vec<u8>)) {
    put_varint(out, field << 3 | 2);
    let start = out.len();
    out.push(0);
    write(out);
    out[start] = (out.len() - start - 1) as u8;
}

/// Appends a label of a sample.
pub(super) fn put_label(out: &mut Vec<u8>, label: Label) {
    put_short(out, 3, |out| {
        put_number(out, 1, label.key.0.into());
        match label.value {
            LabelValue::Text(text) => put_number(out, 2, text.0.into()),
            LabelValue::Number { value, unit } => {
                // A zero that is not written would be no label at all.
                put_varint(out, 3 << 3);
                put_varint(out, value as u64);
                put_number(out, 4, unit.0.into());
            }
        }
    });
}

/// Appends numbers, packed; none at all where there are none. The buffer is for the numbers on their way.
pub(super) fn put_packed(out: &mut Vec<u8>, field: u64, numbers: impl Iterator<Item = u64>, packed: &mut Vec<u8>) {
    packed.clear();
    numbers.for_each(|number| put_varint(packed, number));
    if !packed.is_empty() {
        put_bytes(out, field, packed);
    }
}

/// Appends a function.
pub(super) fn put_function(out: &mut Vec<u8>, id: u64, [name, system_name, file]: [Text; 3], start_line: i64) {
    put_short(out, 5, |out| {
        let fields = [id, name.0.into(), system_name.0.into(), file.0.into(), start_line as u64];
        (1..).zip(fields).for_each(|(field, number)| put_number(out, field, number));
    });
}

/// Appends a location; mapping 0 is none.
pub(super) fn put_location(
    out: &mut Vec<u8>,
    [id, mapping, address]: [u64; 3],
    frames: impl IntoIterator<Item = Frame>,
    folded: bool,
) {
    let start = out.len();
    put_varint(out, 4 << 3 | 2);
    let length_at = out.len();
    out.push(0);
    (1..).zip([id, mapping, address]).for_each(|(field, number)| put_number(out, field, number));
    for frame in frames {
        put_short(out, 4, |out| {
            let fields = [frame.function, frame.line as u64, frame.column as u64];
            (1..).zip(fields).for_each(|(field, number)| put_number(out, field, number));
        });
    }
    put_number(out, 5, folded.into());
    match out.len() - length_at - 1 {
        length @ ..0x80 => out[length_at] = length as u8,
        // Long ones are rare: their length takes more than the byte that was left for it.
        _ => {
            let message = out.split_off(length_at + 1);
            out.truncate(start);
            put_bytes(out, 4, &message);
        }
    }
}

fn put_value_type(out: &mut Vec<u8>, field: u64, of: ValueType) {
    put_short(out, field, |out| {
        put_number(out, 1, of.kind.0.into());
        put_number(out, 2, of.unit.0.into());
    });
}

/// Appends what is said of the whole.
pub(super) fn put_header(out: &mut Vec<u8>, header: &Header) {
    header.sample_types.iter().for_each(|of| put_value_type(out, 1, *of));
    if header.period_type != ValueType::default() {
        put_value_type(out, 11, header.period_type);
    }
    let numbers = [
        (7, header.drop_frames.0.into()),
        (8, header.keep_frames.0.into()),
        (9, header.time_nanos as u64),
        (10, header.duration_nanos as u64),
        (12, header.period as u64),
        (14, header.default_sample_type.0.into()),
        (15, header.doc_url.0.into()),
    ];
    numbers.into_iter().for_each(|(field, number)| put_number(out, field, number));
    for comment in &header.comments {
        put_varint(out, 13 << 3);
        put_varint(out, comment.0.into());
    }
}
