//! `topproto`: the rows of `top` as a profile of their own.

use crate::graph::{FastMap, Trimmed};
use crate::numbers::Numbers;
use liveheap_profile::{
    Function, FunctionIndex, Interner, Line, Location, LocationIndex, Profile, Samples, ValueType,
};

/// A profile with one sample for each shown node; its values are cum and flat in the unit of the
/// report.
pub(crate) fn profile(trimmed: &Trimmed<'_>, numbers: &Numbers) -> Profile {
    let graph = &trimmed.graph;
    let source = graph.table.profile();
    let mut strings = Interner::new();
    let unit = strings.intern(&numbers.output_unit);
    let sample_types =
        ["cum", "flat"].map(|kind| ValueType { kind: strings.intern(kind), unit }).to_vec();
    let mut profile = Profile {
        sample_types,
        samples: Samples::new(2),
        time_nanos: source.time_nanos,
        duration_nanos: source.duration_nanos,
        period_type: ValueType {
            kind: strings.intern(source.text(source.period_type.kind)),
            unit: strings.intern(source.text(source.period_type.unit)),
        },
        period: source.period,
        ..Profile::default()
    };
    let mut functions: FastMap<Function, FunctionIndex> = FastMap::default();
    for (position, &node) in graph.shown.iter().enumerate() {
        let table_node = graph.stands_for(node);
        let key = graph.table.key(table_node);
        let function = Function {
            name: strings.intern(graph.table.name(table_node)),
            file: strings.intern(graph.table.file(table_node)),
            start_line: key.start_line,
            ..Function::default()
        };
        let table = &mut profile.functions;
        let function = *functions.entry(function).or_insert_with(|| {
            table.push(Function { id: table.len() as u64 + 1, ..function });
            FunctionIndex::new(table.len() - 1)
        });
        profile.lines.push(Line { function, line: key.line, column: key.column });
        profile.locations.push(Location {
            id: position as u64 + 1,
            address: key.address,
            first_line: crate::graph::position_u32(position),
            line_count: 1,
            ..Location::default()
        });
        let weight = graph.weight(node);
        let values =
            [weight.cum_value(), weight.flat_value()].map(|value| numbers.converted(value));
        profile.samples.push(&[LocationIndex::new(position)], &values, &[]);
    }
    profile.strings = strings.finish();
    profile
}
