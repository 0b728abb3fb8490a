//! Instants as people read them, in the zone of the reader.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::time::Time;

/// Writes instants in one zone.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// A clock of this zone.
    pub fn new(zone: TimeZone) -> Clock {
        Clock { zone }
    }

    /// `2026-11-20 19:05 UTC`: enough to find it again.
    pub fn full(&self, at: Time) -> String {
        self.write(at, "%Y-%m-%d %H:%M %Z")
    }

    /// `20 Nov 19:05:12`.
    pub fn second(&self, at: Time) -> String {
        self.write(at, "%-d %b %H:%M:%S")
    }

    /// `20 Nov 19:05`: for read-outs, where the year is plain.
    pub fn short(&self, at: Time) -> String {
        self.write(at, "%-d %b %H:%M")
    }

    /// `2026-11-20 13:05 to 19:05 UTC`, the day said again only when it changes.
    pub fn range(&self, from: Time, to: Time) -> String {
        let day = |at| self.write(at, "%Y-%m-%d");
        if day(from) == day(to) {
            format!("{} to {}", self.write(from, "%Y-%m-%d %H:%M"), self.write(to, "%H:%M %Z"))
        } else {
            format!("{} to {}", self.write(from, "%Y-%m-%d %H:%M"), self.full(to))
        }
    }

    /// An instant by a `strftime` format; one beyond the years -9999 to 9999 as its milliseconds.
    pub fn write(&self, at: Time, format: &str) -> String {
        match Timestamp::from_millisecond(at) {
            Ok(instant) => instant.to_zoned(self.zone.clone()).strftime(format).to_string(),
            Err(_) => format!("{at} ms"),
        }
    }

    /// Milliseconds that the wall clock is ahead of UTC at an instant.
    pub fn offset(&self, at: Time) -> Time {
        Timestamp::from_millisecond(at).map_or(0, |t| i64::from(self.zone.to_offset(t).seconds()) * 1000)
    }
}

/// RFC 3339 in UTC, to the millisecond where there are any: `2026-11-20T19:05:00Z`.
///
/// RFC 3339 ends at the years 0 and 9999; what lies beyond is written as the nearest instant within.
pub fn rfc3339(at: Time) -> String {
    // 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z, where jiff's calendar ends.
    const FIRST: Time = -62_167_219_200_000;
    const LAST: Time = 253_402_207_200_000;
    Timestamp::from_millisecond(at.clamp(FIRST, LAST)).map(|t| t.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_said_again_only_when_it_changes() {
        let clock = Clock::new(TimeZone::fixed(jiff::tz::offset(8)));
        let noon = 1_795_147_200_000; // 2026-11-20T04:00:00Z
        assert_eq!(clock.range(noon, noon + 3_600_000), "2026-11-20 12:00 to 13:00 +08");
        assert_eq!(clock.range(noon, noon + 86_400_000), "2026-11-20 12:00 to 2026-11-21 12:00 +08");
        assert_eq!(rfc3339(noon), "2026-11-20T04:00:00Z");
        assert_eq!(rfc3339(noon + 5), "2026-11-20T04:00:00.005Z");
    }

    #[test]
    fn an_instant_beyond_all_calendars_is_written_not_refused() {
        assert_eq!(Clock::new(TimeZone::UTC).full(i64::MAX), "9223372036854775807 ms");
        assert_eq!(rfc3339(i64::MIN), "0000-01-01T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-30T22:00:00Z");
    }
}
