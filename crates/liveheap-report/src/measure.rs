//! Numbers as people read them: values with their unit, and percentages.
//!
//! The forms are pprof's to the byte. What a unit is stands in [`liveheap_profile::units`].

use crate::decimal::{push_hundredths, push_two_digits};
use liveheap_profile::units::convert;

/// A value in the unit `from`, shown in the unit `to` with at most two digits behind the point,
/// such as `1.50MB`; plain `0` when nothing is left of it.
pub(crate) fn scaled_label(value: i64, from: &str, to: &str) -> String {
    let (number, unit) = convert(value, from, to);
    let mut text = String::new();
    push_hundredths(&mut text, number);
    if text.ends_with(".00") {
        text.truncate(text.len() - ".00".len());
    }
    if text == "0" || text == "-0" {
        return String::from("0");
    }
    text.push_str(unit);
    text
}

/// A value shown in the unit that suits it, such as `1.50MB`.
pub fn label(value: i64, unit: &str) -> String {
    scaled_label(value, unit, "auto")
}

/// The share of `value` in `total` without its sign, padded to six places: ` 12.50%`, `  100%`.
pub(crate) fn percentage(value: i64, total: i64) -> String {
    let share = if total == 0 { 0.0 } else { (value as f64 / total as f64).abs() * 100.0 };
    if (99.95..=100.05).contains(&share) {
        return String::from("  100%");
    }
    let mut digits = String::new();
    if share >= 1.0 {
        push_hundredths(&mut digits, share);
    } else {
        push_two_digits(&mut digits, share);
    }
    let mut text = " ".repeat(5_usize.saturating_sub(digits.len()));
    text.push_str(&digits);
    text.push('%');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_empty_decimals() {
        assert_eq!(scaled_label(3 << 20, "bytes", "MB"), "3MB");
        assert_eq!(scaled_label(3 << 19, "bytes", "MB"), "1.50MB");
        assert_eq!(scaled_label(1, "bytes", "GB"), "0");
        assert_eq!(scaled_label(-1, "bytes", "GB"), "0");
        assert_eq!(label(11111, "cycles"), "11111");
    }

    #[test]
    fn percentages_keep_two_digits() {
        assert_eq!(percentage(1, 8), "12.50%");
        assert_eq!(percentage(1, 1), "  100%");
        assert_eq!(percentage(9996, 10000), "  100%");
        assert_eq!(percentage(1, 1000), "  0.1%");
        assert_eq!(percentage(5, 10000), " 0.05%");
        assert_eq!(percentage(44, 100_000), "0.044%");
        assert_eq!(percentage(14, 100_000_000_000), "1.4e-08%");
        assert_eq!(percentage(0, 5), "    0%");
        assert_eq!(percentage(5, 0), "    0%");
        assert_eq!(percentage(-5, 10), "50.00%");
        assert_eq!(percentage(9_999, 1_000_000), "    1%");
    }
}
