//! Laws that tie the stages together, on random profiles.

use crate::random::{Random, profile};
use liveheap_profile::{
    LabelData, LocationIndex, Profile, StringId, compact, decode, encode, encode_gzip, merge,
    negate, normalize, parse_folded, scale, tag_as_base, to_folded, validate,
};

const ROUNDS: u64 = 300;

/// Runs a law on many triples of profiles.
fn for_all(law: impl Fn(Profile, Profile, Profile)) {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        law(profile(&mut random), profile(&mut random), profile(&mut random));
    }
}

fn totals(profile: &Profile) -> Vec<i64> {
    (0..profile.samples.width())
        .map(|column| {
            (0..profile.samples.len()).map(|sample| profile.samples.values(sample)[column]).sum()
        })
        .collect()
}

fn sum(one: &[i64], other: &[i64]) -> Vec<i64> {
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

/// All of a profile with texts for ids, so that two can be compared.
fn resolved(profile: &Profile) -> Vec<String> {
    let text = |id: StringId| profile.text(id);
    let mut rows = vec![format!(
        "{} {} {} {} {} {} {} {:?}",
        profile.time_nanos,
        profile.duration_nanos,
        profile.period,
        text(profile.default_sample_type),
        text(profile.drop_frames),
        text(profile.keep_frames),
        text(profile.doc_url),
        profile.comments.iter().map(|id| text(*id)).collect::<Vec<_>>(),
    )];
    for of in profile.sample_types.iter().chain([&profile.period_type]) {
        rows.push(format!("{} {}", text(of.kind), text(of.unit)));
    }
    for sample in 0..profile.samples.len() {
        let mut labels: Vec<_> = profile.samples.labels(sample).iter().collect();
        labels.sort_by_key(|label| {
            (matches!(label.value, LabelData::Number { .. }), text(label.key))
        });
        let labels = labels.into_iter().map(|label| match label.value {
            LabelData::Text(value) => format!("{}={}", text(label.key), text(value)),
            LabelData::Number { value, unit } => {
                format!("{}={value} {}", text(label.key), text(unit))
            }
        });
        let labels: Vec<_> = labels.collect();
        let (stack, values) = (profile.samples.stack(sample), profile.samples.values(sample));
        rows.push(format!("{stack:?} {values:?} {labels:?}"));
    }
    for (position, location) in profile.locations.iter().enumerate() {
        let lines = profile.lines_of(LocationIndex::new(position));
        let (id, mapping, address) = (location.id, location.mapping, location.address);
        rows.push(format!("{id} {mapping:?} {address} {} {lines:?}", location.is_folded));
    }
    for mapping in &profile.mappings {
        let (file, build_id) = (text(mapping.file), text(mapping.build_id));
        // The ids of texts differ; everything else must not.
        let rest = liveheap_profile::Mapping {
            file: StringId::EMPTY,
            build_id: StringId::EMPTY,
            ..*mapping
        };
        rows.push(format!("{rest:?} {file} {build_id}"));
    }
    for function in &profile.functions {
        let names = [function.name, function.system_name, function.file].map(text);
        rows.push(format!("{} {names:?} {}", function.id, function.start_line));
    }
    rows
}

#[test]
fn what_is_written_is_read_back() {
    for_all(|one, _, _| {
        for bytes in [encode(&one), encode_gzip(&one).unwrap()] {
            let read = decode(&bytes, &Default::default()).unwrap();
            assert_eq!(resolved(&read), resolved(&one));
            assert_eq!(encode(&read), encode(&one));
        }
    });
}

#[test]
fn merging_keeps_totals() {
    for_all(|one, other, _| {
        let expected = sum(&totals(&one), &totals(&other));
        let merged = merge(vec![one, other]).unwrap();
        validate(&merged).unwrap();
        assert_eq!(totals(&merged), expected);
    });
}

#[test]
fn the_order_of_merging_does_not_change_totals() {
    for_all(|one, two, three| {
        let together = merge(vec![one.clone(), two.clone(), three.clone()]).unwrap();
        let left = merge(vec![merge(vec![one.clone(), two.clone()]).unwrap(), three.clone()]);
        let right = merge(vec![one, merge(vec![two, three]).unwrap()]);
        for stepwise in [left.unwrap(), right.unwrap()] {
            assert_eq!(totals(&stepwise), totals(&together));
            assert_eq!(stepwise.samples.len(), together.samples.len());
            assert_eq!(stepwise.locations.len(), together.locations.len());
            assert_eq!(stepwise.functions.len(), together.functions.len());
        }
    });
}

#[test]
fn a_profile_without_itself_is_empty() {
    for_all(|one, _, _| {
        let difference = merge(vec![one.clone(), negate(one)]).unwrap();
        assert!(difference.samples.is_empty() && difference.locations.is_empty());
        assert!(difference.mappings.len() <= 1, "only the main binary stays");
    });
}

#[test]
fn a_tagged_base_keeps_its_samples_apart() {
    for_all(|one, other, _| {
        let expected = sum(&totals(&one), &totals(&negate(other.clone())));
        let base = compact(tag_as_base(negate(other)));
        let samples = compact(one.clone()).samples.len() + base.samples.len();
        let difference = merge(vec![one, base]).unwrap();
        assert_eq!((totals(&difference), difference.samples.len()), (expected, samples));
    });
}

#[test]
fn compacting_again_changes_nothing() {
    for_all(|one, _, _| {
        let expected = totals(&one);
        let once = compact(one);
        validate(&once).unwrap();
        assert_eq!(totals(&once), expected);
        assert_eq!(resolved(&compact(once.clone())), resolved(&once));
    });
}

#[test]
fn doubling_is_merging_with_itself() {
    for_all(|one, _, _| {
        let doubled = compact(scale(one.clone(), &[2.0, 2.0]));
        let merged = merge(vec![one.clone(), one]).unwrap();
        let samples = |profile: &Profile| {
            let values = |sample| profile.samples.values(sample).to_vec();
            (0..profile.samples.len()).map(values).collect::<Vec<_>>()
        };
        assert_eq!(samples(&doubled), samples(&merged));
    });
}

#[test]
fn a_profile_normalized_to_itself_stays() {
    for_all(|one, _, _| {
        let normalized = normalize(one.clone(), &one).unwrap();
        let expected = totals(&one);
        if expected.iter().all(|total| *total != 0) {
            assert_eq!(resolved(&normalized), resolved(&one));
        }
    });
}

#[test]
fn collapsed_stacks_survive_reading_and_writing() {
    for_all(|one, _, _| {
        let folded = to_folded(&one, 1);
        if !folded.is_empty() {
            assert_eq!(to_folded(&parse_folded(&folded).unwrap(), 0), folded);
        }
    });
}
