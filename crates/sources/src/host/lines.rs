//! Numbers in the lines of kernel files.

/// `Name:   123 kB` lines: the name and the number as bytes. Lines of another shape are passed over.
///
/// `kB` in these files is 1,024 bytes (proc_meminfo(5)); a number without it is taken as it stands.
pub(super) fn fields(file: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    file.split(|b| *b == b'\n').filter_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        let (name, rest) = (&line[..colon], line[colon + 1..].trim_ascii());
        let (digits, unit) = match rest.iter().position(|b| *b == b' ') {
            Some(blank) => (&rest[..blank], rest[blank..].trim_ascii()),
            None => (rest, &b""[..]),
        };
        let value = number(digits)?;
        Some((name, if unit == b"kB" { value.saturating_mul(1024) } else { value }))
    })
}

/// `name 123` lines, as in `memory.stat`.
pub(super) fn pairs(file: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    file.split(|b| *b == b'\n').filter_map(|line| {
        let blank = line.iter().position(|b| *b == b' ')?;
        Some((&line[..blank], number(line[blank + 1..].trim_ascii())?))
    })
}

/// A whole number and nothing else.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        digit.is_ascii_digit().then_some(())?;
        sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}
