//! Profiles written and read back, and bytes that are none.

use proptest::prelude::*;

use super::*;

/// A profile of two stacks, one of which was inlined, with a label.
fn small() -> Profile {
    let mut builder = Builder::new();
    let [main, leak, file, space, bytes, size] =
        ["main", "leak", "main.go", "inuse_space", "bytes", "size"].map(|t| builder.text(t));
    let mapping = builder.mapping(&Mapping { start: 0x1000, limit: 0x2000, file, ..Mapping::default() });
    let main = builder.function(main, main, file, 10);
    let leak = builder.function(leak, leak, file, 20);
    let frames = [Frame { function: leak, line: 21, column: 0 }, Frame { function: main, line: 12, column: 3 }];
    let inlined = builder.location(mapping, 0x1010, &frames, false);
    let plain = builder.location(mapping, 0x1020, &frames[1..], false);
    let label = Label { key: size, value: LabelValue::Number { value: 64, unit: bytes } };
    builder.sample([inlined, plain], &[640], &[label]);
    builder.sample([plain], &[-5], &[]);
    let kind = ValueType { kind: space, unit: bytes };
    let header = Header { sample_types: vec![kind], time_nanos: 7, period: 512, ..Header::default() };
    builder.finish(&header).unwrap()
}

#[test]
fn what_was_written_reads_back() {
    let profile = small();
    let mut samples = profile.samples();
    let first = samples.read().unwrap().unwrap();
    assert_eq!((first.locations, first.values, first.labels.len()), (&[0, 1][..], &[640][..], 1));
    assert_eq!(profile.text(first.labels[0].key), "size");
    assert_eq!(samples.read().unwrap().unwrap().values, [-5]);
    assert_eq!(samples.read().unwrap(), None);
    let location = profile.locations()[0];
    let names: Vec<&str> = profile.lines(&location).iter().map(|l| function(&profile, l)).collect();
    assert_eq!((names, location.mapping(), location.address), (vec!["leak", "main"], Some(0), 0x1010));
    assert_eq!((profile.header().time_nanos, profile.header().period, profile.sample_count()), (7, 512, 2));
}

fn function<'p>(profile: &'p Profile, line: &Line) -> &'p str {
    profile.text(profile.functions()[line.function as usize].name)
}

/// Reads everything there is to read.
fn read_all(bytes: Vec<u8>) -> Result<usize, Malformed> {
    let profile = Profile::decode(bytes)?;
    let mut samples = profile.samples();
    let mut count = 0;
    while samples.read()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// What each way of being wrong is called.
#[test]
fn what_does_not_fit_together_is_refused() {
    let with = |pieces: &[(u64, &[u8])]| {
        let mut bytes = Vec::new();
        pieces.iter().for_each(|(field, message)| wire::put_bytes(&mut bytes, *field, message));
        read_all(bytes).unwrap_err().to_string()
    };
    assert_eq!(read_all(Vec::new()).unwrap_err().to_string(), "empty input file");
    assert_eq!(with(&[(6, b"x")]), "string_table[0] must be ''");
    assert_eq!(with(&[(2, &[0x12, 1, 5])]), "missing sample type information");
    assert_eq!(with(&[(1, &[]), (2, &[0x12, 2, 5, 5])]), "mismatch: sample has 2 values vs. 1 types");
    assert_eq!(with(&[(1, &[]), (2, &[0x0a, 1, 9, 0x12, 1, 5])]), "sample has nil location");
    assert_eq!(with(&[(4, &[8, 1]), (4, &[8, 1])]), "multiple locations with same id: 1");
    assert_eq!(with(&[(5, &[])]), "found function with reserved id 0");
    assert_eq!(with(&[(4, &[8, 1, 0x22, 2, 8, 3])]), "a location has a line with nil function");
    assert_eq!(with(&[(5, &[8, 1, 16, 4])]), "malformed profile format: a string is not in the table");
    assert_eq!(read_all(vec![0x0b]).unwrap_err().to_string(), "unknown wire type: 3");
    assert_eq!(read_all(vec![0x32, 0xff, 0xff, 3, 1]).unwrap_err().to_string(), "it ends inside a field");
    assert_eq!(read_all(vec![0x48, 1, 0x48, 2]).unwrap_err().to_string(), "concatenated profiles detected");
    assert_eq!(read_all(vec![0xff; 12]).unwrap_err().to_string(), "a number has no end");
}

/// What says nothing is refused where it stands, before what follows is even looked at: millions of it take no room.
#[test]
fn an_id_left_out_ends_it_at_once() {
    for (field, what) in [(3, "mapping"), (4, "location"), (5, "function")] {
        let bytes = vec![field << 3 | 2, 0, 0x0b];
        assert_eq!(read_all(bytes).unwrap_err().to_string(), format!("found {what} with reserved id 0"));
    }
}

/// Entries of two bytes, and of four, take ten times their room and more. What ends it must do so before all is read:
/// what follows is broken in another way.
#[test]
fn tables_take_no_more_room_than_is_fit() {
    let of = |field: u64, message: &[u8], times: usize| {
        let mut one = Vec::new();
        wire::put_bytes(&mut one, field, message);
        one.repeat(times)
    };
    let of_lines = |times: usize| {
        let mut location = vec![8, 1];
        location.extend(of(4, &[], times));
        of(4, &location, 1)
    };
    // Bytes of table for each entry, less four times its own, into 64 MiB.
    let few = [of(3, &[8, 1], 1_600_000), of(4, &[8, 1], 2_000_000), of(5, &[8, 1], 2_500_000), of_lines(2_500_000)];
    let many = [of(3, &[8, 1], 1_800_000), of(4, &[8, 1], 2_300_000), of(5, &[8, 1], 3_000_000), of_lines(3_000_000)];
    let why = |mut bytes: Vec<u8>| {
        bytes.push(0x0b);
        read_all(bytes).unwrap_err().to_string()
    };
    assert_eq!(few.map(why), ["unknown wire type: 3"; 4]);
    assert_eq!(many.map(why), ["its tables take far more room than the profile itself"; 4]);
}

/// Text that is no UTF-8 is shown, not refused: it comes from symbol tables of any language.
#[test]
fn broken_text_is_repaired() {
    let mut bytes = Vec::new();
    [&b""[..], b"a\xffb", b"ok"].iter().for_each(|t| wire::put_bytes(&mut bytes, 6, t));
    wire::put_bytes(&mut bytes, 1, &[8, 1, 16, 2]);
    let profile = Profile::decode(bytes).unwrap();
    let of = profile.header().sample_types[0];
    assert_eq!((profile.text(of.kind), profile.text(of.unit)), ("a�b", "ok"));
}

proptest! {
    /// A flipped, cut or inserted byte is an error or another profile, never a panic.
    #[test]
    fn damaged_bytes_never_panic(at in 0usize..400, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = small().encoded().to_vec();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let _ = read_all(bytes);
    }

    /// Read eight bytes at a time, packed numbers are what they are one by one, wherever they lie and end.
    #[test]
    fn packed_numbers_read_back(numbers in prop::collection::vec(prop_oneof![0u64..300, any::<u64>()], 0..40),
                                before in 0usize..9, after in 0usize..9, cut in 0usize..3) {
        let mut whole = vec![0x80; before];
        numbers.iter().for_each(|n| wire::put_varint(&mut whole, *n));
        let end = whole.len().saturating_sub(cut).max(before);
        whole.extend(std::iter::repeat_n(1, after));
        let read = |slow: bool| {
            let mut found = Vec::new();
            let push = |n: u64| { found.push(n); Ok::<(), Malformed>(()) };
            let field = &whole[before..end];
            let done = if slow { wire::repeated(wire::Value::Bytes(field), push) } else { wire::packed(&whole, field, push) };
            (done, found)
        };
        prop_assert_eq!(read(false), read(true));
        let elsewhere = whole.clone();
        let mut found = Vec::new();
        let done = wire::packed(&elsewhere, &whole[before..end], |n| { found.push(n); Ok(()) });
        prop_assert_eq!((done, found), read(true));
    }

    #[test]
    fn varints_read_back(number in any::<u64>()) {
        let mut bytes = Vec::new();
        wire::put_varint(&mut bytes, number);
        prop_assert_eq!(wire::Reader::new(&bytes).varint().unwrap(), number);
    }
}
