//! The JSON of a range query, read value by value onto the grid; no tree of it is ever built.

use std::borrow::Cow;
use std::fmt;

use model::time::Window;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::http::short;
use crate::prometheus::fault::Fault;
use crate::prometheus::rows::Rows;

/// Puts an answer onto rows. Faults: no JSON, an error of the server, not a matrix, more than the limits.
pub fn decode(bytes: &[u8], rows: &mut Rows) -> Result<(), Fault> {
    let window = *rows.set.window();
    let mut answer =
        Answer { rows, row: vec![f64::NAN; window.cells()], window, fault: None, error: String::new(), matrix: None };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = (&mut answer).deserialize(&mut json).and_then(|()| json.end());
    if let Some(fault) = answer.fault {
        return Err(fault);
    }
    if let Err(error) = read {
        return Err(if error.is_eof() {
            Fault::new(format!("the answer is cut off after {} bytes, in the middle of its JSON", bytes.len()))
                .hint("a proxy or the server ended it; the server's own log says more")
        } else {
            Fault::new(format!("the answer is not what a Prometheus server says: {}", short(&error.to_string())))
                .hint("check that `url` is the address of a Prometheus-compatible server")
        });
    }
    match answer.matrix {
        _ if !answer.error.is_empty() => Err(Fault::new(short(&answer.error))),
        Some(true) => Ok(()),
        Some(false) => Err(Fault::new("the expression does not give a series of values")
            .hint("an expression under `signals` has to give an instant vector: a metric, not a text or a range")),
        None => Err(Fault::new("the answer has no data")
            .hint("check that `url` is the address of a Prometheus-compatible server")),
    }
}

/// The answer as far as it has been read.
struct Answer<'r> {
    rows: &'r mut Rows,
    /// The row of the series being read, whose name may come after its values.
    row: Vec<f64>,
    window: Window,
    /// What ended the reading, which an error of the reader cannot carry.
    fault: Option<Fault>,
    /// The server's own error.
    error: String,
    /// Whether the data are series of values.
    matrix: Option<bool>,
}

/// Declares a seed that reads an object key by key.
macro_rules! object {
    ($(#[doc = $doc:literal])+ $name:ident, $expecting:literal, $self:ident, $map:ident, { $($key:literal => $read:expr;)* }) => {
        $(#[doc = $doc])+
        struct $name<'a, 'r>(&'a mut Answer<'r>);

        impl<'de> DeserializeSeed<'de> for $name<'_, '_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_, '_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }
            fn visit_map<A: MapAccess<'de>>($self, mut $map: A) -> Result<(), A::Error> {
                while let Some(Text(key)) = $map.next_key()? {
                    match &*key {
                        $($key => $read,)*
                        _ => { $map.next_value::<IgnoredAny>()?; }
                    }
                }
                Ok(())
            }
        }
    };
}

impl<'de> DeserializeSeed<'de> for &mut Answer<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        Top(self).deserialize(from)
    }
}

object! {
    /// The whole answer.
    Top, "an answer of the Prometheus API", self, map, {
        "data" => map.next_value_seed(Data(self.0))?;
        "error" => self.0.error = map.next_value::<Text>()?.0.into_owned();
        "warnings" => map.next_value_seed(Notes(self.0, "the server warns"))?;
        "infos" => map.next_value_seed(Notes(self.0, "the server remarks"))?;
        "isPartial" => if map.next_value::<Flag>()?.0 {
            self.0.rows.partial = Some("the answer is partial: some storage nodes did not answer the server".into());
        };
    }
}

object! {
    /// What is under `data`.
    Data, "`data` of a range query", self, map, {
        "resultType" => self.0.matrix = Some(map.next_value::<Text>()?.0 == "matrix");
        "result" => map.next_value_seed(AllSeries(self.0))?;
    }
}

/// `null`, `true` or `false`.
struct Flag(bool);

impl<'de> serde::Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Flag, D::Error> {
        Ok(Flag(Option::<bool>::deserialize(from)?.unwrap_or(false)))
    }
}

/// A text, borrowed where it has no escapes; `null` is none.
#[derive(PartialEq)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text<'a>, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.into())))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed("")))
            }
        }
        from.deserialize_any(Words)
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// Declares a seed that reads an array, or `null` for an empty one.
macro_rules! array {
    ($name:ident, $expecting:literal, $self:ident, $seq:ident, $read:block) => {
        impl<'de> DeserializeSeed<'de> for $name<'_, '_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_any(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_, '_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expecting)
            }
            fn visit_unit<E>(self) -> Result<(), E> {
                Ok(())
            }
            fn visit_seq<A: SeqAccess<'de>>($self, mut $seq: A) -> Result<(), A::Error> $read
        }
    };
}

/// Warnings and remarks of the server.
struct Notes<'a, 'r>(&'a mut Answer<'r>, &'static str);

/// Most warnings and remarks that are repeated; a server may have one a series.
const MOST_NOTES: usize = 20;

array!(Notes, "an array of texts", self, seq, {
    while let Some(text) = seq.next_element::<Text>()? {
        let note = format!("{}: {}", self.1, short(&text.0));
        if self.0.rows.notes.len() < MOST_NOTES && !self.0.rows.notes.contains(&note) {
            self.0.rows.notes.push(note);
        }
    }
    Ok(())
});

/// What is under `result`.
struct AllSeries<'a, 'r>(&'a mut Answer<'r>);

array!(AllSeries, "an array of series", self, seq, {
    if self.0.matrix == Some(false) {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        return Ok(());
    }
    while seq.next_element_seed(OneSeries(self.0))?.is_some() {}
    Ok(())
});

/// One of them.
struct OneSeries<'a, 'r>(&'a mut Answer<'r>);

impl<'de> DeserializeSeed<'de> for OneSeries<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneSeries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series with `metric` and `values`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let answer = self.0;
        answer.row.fill(f64::NAN);
        let (mut labels, mut histograms) = (Pairs::default(), false);
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "metric" => labels = map.next_value()?,
                "values" => map.next_value_seed(Values(answer))?,
                "histograms" => {
                    histograms = true;
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let row = match answer.rows.row(labels.0.iter().map(|(n, v)| (&*n.0, &*v.0))) {
            Ok(row) => row,
            Err(fault) => {
                answer.fault = Some(fault);
                return Err(A::Error::custom("too much"));
            }
        };
        answer.rows.histograms += usize::from(histograms);
        for (cell, value) in answer.rows.set.row_mut(row).iter_mut().zip(&answer.row) {
            if !value.is_nan() {
                *cell = *value;
            }
        }
        Ok(())
    }
}

/// Names and values of labels.
#[derive(Default)]
struct Pairs<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Pairs<'a>, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut all = Vec::with_capacity(16);
                while let Some(pair) = map.next_entry()? {
                    all.push(pair);
                }
                Ok(Pairs(all))
            }
        }
        from.deserialize_map(All)
    }
}

/// The values of a series.
struct Values<'a, 'r>(&'a mut Answer<'r>);

array!(Values, "an array of times and values", self, seq, {
    while let Some((at, Text(value))) = seq.next_element::<(f64, Text)>()? {
        let value: f64 = value.parse().map_err(|_| A::Error::custom(format!("`{}` is not a number", short(&value))))?;
        // Times are seconds with three decimals; out of the range of an i64 the cast saturates, which is no cell.
        if let Some(cell) = self.0.window.cell((at * 1e3).round() as i64)
            && let Some(place) = self.0.row.get_mut(cell)
        {
            *place = value;
        }
    }
    Ok(())
});

#[cfg(test)]
mod tests {
    use model::time::Span;

    use super::*;
    use crate::prometheus::rows::Limits;

    /// Labels and cells of each series.
    type Seen = Vec<(String, Vec<f64>)>;

    fn read(json: &str) -> Result<(Seen, Vec<String>), Fault> {
        let window = Window::ending(180_000, Span::from_secs(180), Span::from_secs(60)).unwrap();
        let mut rows = Rows::new(window, Limits { max_bytes: 1 << 20, max_series: 2 });
        decode(json.as_bytes(), &mut rows)?;
        let partial = rows.partial.iter().map(|why| format!("partial: {why}"));
        let notes = rows.notes.iter().cloned().chain(partial).collect();
        Ok((rows.set.iter().map(|s| (s.labels.to_string(), s.values.to_vec())).collect(), notes))
    }

    fn matrix(series: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
    }

    #[test]
    fn values_land_in_their_cells_in_whatever_order_the_keys_come() {
        let (rows, notes) = read(
            r#"{"data":{"result":[{"values":[[60,"1"],[120.000,"NaN"],[180,"2.5e9"]],"metric":{"a":"\"q\""},"x":[{}]}],
            "resultType":"matrix"},"warnings":["slow"],"infos":null,"isPartial":true,"stats":{"a":[1]}}"#,
        )
        .unwrap();
        assert_eq!(rows[0].0, r#"a="\"q\"""#);
        assert_eq!(format!("{:?}", rows[0].1), "[1.0, NaN, 2500000000.0]");
        assert_eq!(
            notes,
            ["the server warns: slow", "partial: the answer is partial: some storage nodes did not answer the server"]
        );
    }

    #[test]
    fn what_is_no_answer_says_why() {
        for (json, says) in [
            ("", "cut off after 0 bytes"),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a""#,
                "in the middle of its JSON",
            ),
            ("nonsense", "not what a Prometheus server says"),
            ("[1]", "not what a Prometheus server says"),
            ("{}", "the answer has no data"),
            (r#"{"status":"error","errorType":"execution","error":"too many samples"}"#, "too many samples"),
            (r#"{"data":{"resultType":"scalar","result":[1,"2"]}}"#, "does not give a series"),
            (&matrix(r#"{"metric":{},"values":[[60,"much"]]}"#), "`much` is not a number"),
            (&matrix(r#"{"metric":{},"values":[[60]]}"#), "not what a Prometheus server says"),
            (&matrix(r#"{"metric":{"a":"1"}},{"metric":{"a":"2"}},{"metric":{"a":"3"}}"#), "more than 2 series"),
        ] {
            let fault = read(json).unwrap_err();
            assert!(fault.reason.contains(says), "{json}: {fault}");
        }
    }

    #[test]
    fn no_series_is_an_answer() {
        assert_eq!(read(&matrix("")).unwrap().0, []);
        assert_eq!(read(r#"{"data":{"resultType":"matrix","result":null}}"#).unwrap().0, []);
    }

    #[test]
    fn wild_times_are_no_cells() {
        let (rows, _) = read(&matrix(r#"{"metric":{},"values":[[1e300,"1"],[-1e300,"1"],[59.9999,"7"]]}"#)).unwrap();
        assert_eq!(format!("{:?}", rows[0].1), "[7.0, NaN, NaN]");
    }
}
