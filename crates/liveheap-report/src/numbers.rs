//! How the numbers of one report are shown: their unit, their divisor, and what percentages are
//! taken of.

use crate::graph::{Graph, truncate};
use crate::measure;
use liveheap_profile::units::convert;

/// How the numbers of one report are shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    /// What a percentage is taken of, in `sample_unit`.
    pub(crate) total: i64,
    /// Unit of the values in the profile.
    pub(crate) sample_unit: String,
    /// Unit that values are shown in; `minimum` and `auto` choose one for each value.
    pub(crate) output_unit: String,
    /// What each value is multiplied with before it is shown.
    pub(crate) ratio: f64,
}

impl Numbers {
    /// A value with its unit.
    pub(crate) fn label(&self, value: i64) -> String {
        measure::scaled_label(self.scaled(value), &self.sample_unit, &self.output_unit)
    }

    /// The share of a value in the total, six places wide.
    pub(crate) fn share(&self, value: i64) -> String {
        measure::percentage(value, self.total)
    }

    /// A value in the output unit, as a number.
    pub(crate) fn converted(&self, value: i64) -> i64 {
        truncate(convert(value, &self.sample_unit, &self.output_unit).0)
    }

    /// A value multiplied with the ratio, without its fraction.
    pub(crate) fn scaled(&self, value: i64) -> i64 {
        if self.ratio > 0.0 && self.ratio != 1.0 {
            truncate(value as f64 * self.ratio)
        } else {
            value
        }
    }

    /// Turns `minimum` into the one unit that suits all shown nodes: the smallest value decides,
    /// unless it is less than a hundredth of the total and `whole_numbers` are not needed.
    pub(crate) fn choose_unit(&mut self, graph: &Graph<'_>, whole_numbers: bool) {
        if self.output_unit != "minimum" || graph.shown.is_empty() {
            return;
        }
        let smallest = graph
            .shown
            .iter()
            .map(|node| {
                let weight = graph.weight(*node);
                match weight.flat_value().wrapping_abs() {
                    0 => weight.cum_value().wrapping_abs(),
                    flat => flat,
                }
            })
            .filter(|value| *value > 0)
            .min();
        let smallest = self.scaled(smallest.unwrap_or(self.total));
        let largest = self.scaled(self.total);
        let unit_of = |value: i64| convert(value, &self.sample_unit, "minimum").1;
        let mut unit = unit_of(smallest);
        let much_smaller = smallest.wrapping_mul(100) < largest;
        if unit != unit_of(largest) && much_smaller && !whole_numbers {
            unit = unit_of(smallest.wrapping_mul(100));
        }
        self.output_unit =
            if unit.is_empty() { self.sample_unit.clone() } else { String::from(unit) };
    }
}
