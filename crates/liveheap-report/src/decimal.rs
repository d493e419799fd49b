//! Doubles as short decimal numbers, rounded exactly.
//!
//! What is printed is what `{:.2}` and C's `%.2f` print: the exact value of the double, rounded to
//! the nearest, ties to the even digit. But a report prints thousands of them, all of a middling
//! size and with few digits, and for those a multiplication and a shift of whole numbers do.

/// `number` times ten to the power of `decimals`, rounded to a whole number; `None` when it is not
/// finite, negative, or too large to tell halves apart, or for more than five decimals.
fn rounded(number: f64, decimals: u32) -> Option<u64> {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    if !(0.0..9e15).contains(&number) || decimals > 5 {
        return None;
    }
    let bits = number.to_bits();
    let exponent = u32::try_from(bits >> FRACTION).ok()?;
    let fraction = bits & ((1 << FRACTION) - 1);
    // The number is `mantissa` divided by two to the power of `shift`.
    let (mantissa, shift) = match exponent {
        0 => (fraction, FRACTION + 1022),
        _ => (fraction | 1 << FRACTION, (FRACTION + 1023).checked_sub(exponent)?),
    };
    let scaled = u128::from(mantissa) * u128::from(10_u32.pow(decimals));
    // `scaled` has 70 bits at most, so beyond this nothing of it is left, and less than a half.
    if shift > 72 {
        return Some(0);
    }
    let whole = u64::try_from(scaled >> shift).ok()?;
    let rest = scaled & ((1 << shift) - 1);
    let half = (1 << shift) >> 1;
    let up = shift > 0 && (rest > half || rest == half && whole % 2 == 1);
    Some(whole + u64::from(up))
}

/// A number with two digits behind the point, as `{:.2}` has it.
pub(crate) fn push_hundredths(out: &mut String, number: f64) {
    let Some(hundredths) = rounded(number.abs(), 2) else {
        out.push_str(&format!("{number:.2}"));
        return;
    };
    if number.is_sign_negative() {
        out.push('-');
    }
    push_scaled(out, hundredths, 2);
}

/// A number from 0 to 1 with two significant digits and no trailing zeros; below 0.0001 with an
/// exponent, such as `1.4e-08`.
pub(crate) fn push_two_digits(out: &mut String, number: f64) {
    // So many decimals make two significant digits.
    let steps = [(0.1, 2), (0.01, 3), (0.001, 4), (0.0001, 5)];
    let decimals = steps.iter().find(|(least, _)| number >= *least).map(|(_, decimals)| *decimals);
    let Some((mut digits, mut decimals)) =
        decimals.and_then(|decimals| Some((rounded(number, decimals)?, decimals)))
    else {
        return push_tiny(out, number);
    };
    while digits.is_multiple_of(10) && decimals > 0 {
        digits /= 10;
        decimals -= 1;
    }
    push_scaled(out, digits, decimals);
}

/// The same for a number below 0.0001.
fn push_tiny(out: &mut String, number: f64) {
    if number == 0.0 {
        return out.push('0');
    }
    let scientific = format!("{number:.1e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "-0"));
    let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
    let exponent = exponent.trim_start_matches('-');
    match exponent {
        // Rounding made it the smallest number without an exponent.
        "4" => out.push_str("0.0001"),
        _ => out.push_str(&format!("{mantissa}e-{exponent:0>2}")),
    }
}

/// Digits with a point before the last `decimals` of them.
fn push_scaled(out: &mut String, mut digits: u64, decimals: u32) {
    // The longest number has twenty digits.
    let mut text = [b'0'; 24];
    let mut start = text.len();
    let mut written = 0;
    while digits > 0 || written <= decimals {
        if written == decimals && decimals > 0 {
            start -= 1;
            text[start] = b'.';
        }
        start -= 1;
        text[start] = b'0' + u8::try_from(digits % 10).unwrap_or(0);
        digits /= 10;
        written += 1;
    }
    out.extend(text[start..].iter().map(|byte| char::from(*byte)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundredths(number: f64) -> String {
        let mut out = String::new();
        push_hundredths(&mut out, number);
        out
    }

    fn two_digits(number: f64) -> String {
        let mut out = String::new();
        push_two_digits(&mut out, number);
        out
    }

    /// Numbers of all sizes, the same ones each time.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    #[test]
    fn hundredths_are_those_of_the_standard_library() {
        let special = [0.0, -0.0, 0.005, 0.125, 0.375, 2.675, 1e15, 1e16, f64::MAX, f64::NAN];
        let special = special.into_iter().chain([f64::INFINITY, f64::MIN_POSITIVE, 5e-324, 0.995]);
        // Halves of hundredths are ties or next to one.
        let ties = (0..4000).map(|eighths| f64::from(eighths) / 8.0 + 0.125);
        let near = (0..4000).map(|half| f64::from(half) / 200.0);
        let any = numbers().take(40_000).map(f64::from_bits);
        let middling = numbers().take(40_000).map(|bits| (bits >> (bits % 60)) as f64 / 1024.0);
        for number in special.chain(ties).chain(near).chain(any).chain(middling) {
            assert_eq!(hundredths(number), format!("{number:.2}"), "{number:e}");
            assert_eq!(hundredths(-number), format!("{:.2}", -number), "-{number:e}");
        }
    }

    #[test]
    fn two_digits_are_those_of_the_standard_library() {
        let near = (0..20_000).map(|part| f64::from(part) / 20_000.0);
        let small = numbers().take(40_000).map(|bits| (bits >> 11) as f64 / 2_f64.powi(53));
        let smaller = numbers().take(40_000).map(|bits| (bits >> 11) as f64 / 2_f64.powi(65));
        let special =
            [0.0, 0.1, 0.01, 0.001, 0.0001, 0.000_099_9, 0.099_9, 0.999_9, 1.4e-8, 1e-300];
        for number in special.into_iter().chain(near).chain(small).chain(smaller) {
            let scientific = format!("{number:.1e}");
            let back: f64 = scientific.parse().unwrap();
            // With so few digits, the shortest text of the rounded number has just those.
            let expected = if back != 0.0 && back < 0.0001 {
                let text = format!("{back:e}");
                let (mantissa, exponent) = text.split_once("e-").unwrap();
                format!("{mantissa}e-{exponent:0>2}")
            } else {
                back.to_string()
            };
            assert_eq!(two_digits(number), expected, "{number:e}");
        }
    }
}
