//! A moment in words.

use crate::ids::Ts;

impl Ts {
    /// The moment for people, to the millisecond: 2025-03-25 23:07:00.773 UTC.
    #[must_use]
    pub fn in_words(self) -> String {
        let (days, ms) = (self.0 / 86_400_000_000_000, self.0 / 1_000_000 % 86_400_000);
        let (year, month, day) = civil(days);
        let (hour, minute, second, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03} UTC")
    }
}

/// The date of a day counted from 1970-01-01, by counting in eras of 400 years that begin on 1 March.
fn civil(days: u64) -> (u64, u64, u64) {
    let since_era = days + 719_468;
    let (era, day_of_era) = (since_era / 146_097, since_era % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a person is shown another day than the one the event happened on.
    #[test]
    fn moments() {
        let rows = [
            (0, "1970-01-01 00:00:00.000 UTC"),
            (951_782_400_000_000_000, "2000-02-29 00:00:00.000 UTC"),
            (1_742_944_020_773_684_644, "2025-03-25 23:07:00.773 UTC"),
            (4_107_542_399_999_000_000, "2100-02-28 23:59:59.999 UTC"),
        ];
        for (ns, text) in rows {
            assert_eq!(Ts(ns).in_words(), text);
        }
    }
}
