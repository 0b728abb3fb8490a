//! `/proc/pressure/memory`: how much work waits for memory.

/// Shares of the last 10 s, from 0 to 1; see the kernel's `Documentation/accounting/psi.rst`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// Some task waited.
    pub some: f64,
    /// All tasks waited at once.
    pub full: Option<f64>,
}

impl Pressure {
    /// Reads the file; `None` when it is not of that shape.
    pub fn read(file: &[u8]) -> Option<Pressure> {
        let text = std::str::from_utf8(file).ok()?;
        Some(Pressure { some: avg10(text, "some ")?, full: avg10(text, "full ") })
    }
}

/// `avg10=1.53` of the line that starts so, as a share.
fn avg10(text: &str, start: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(start))?;
    let percent: f64 = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_become_shares_and_anything_else_is_refused() {
        let file = b"some avg10=1.50 avg60=0.40 avg300=0.00 total=5\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=2\n";
        assert_eq!(Pressure::read(file), Some(Pressure { some: 0.015, full: Some(0.0025) }));
        assert_eq!(Pressure::read(b"some avg10=0.00\n"), Some(Pressure { some: 0.0, full: None }));
        for wrong in [&b""[..], b"some avg60=1\n", b"some avg10=NaN\n", b"some avg10=101\n", b"full avg10=1\n", b"\xff"]
        {
            assert_eq!(Pressure::read(wrong), None);
        }
    }
}
