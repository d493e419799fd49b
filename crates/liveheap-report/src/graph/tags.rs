//! How the value of each node splits by labels: for the small boxes of drawn graphs.
//!
//! Text labels of a sample are taken together; of the numeric ones only `bytes` counts, as in
//! pprof's graphs.

use super::hash::FastMap;
use super::nodes::{NodeTable, SEVERAL, position_u32};
use super::weights::Weight;
use crate::measure;
use crate::value::{BASE_KEY, SampleValue};
use liveheap_profile::{Label, LabelData, Profile};

/// The part of a node's value whose samples have a certain label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tag {
    /// What is printed: the text labels, or the number with its unit.
    pub(crate) name: String,
    /// The number in `unit`; 0 for text labels.
    pub(crate) value: i64,
    /// Unit of the number; empty for text labels.
    pub(crate) unit: String,
    /// The value of those samples.
    pub(crate) weight: Weight,
}

/// The tags of one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodeTags {
    /// One for each combination of text labels.
    pub(crate) texts: Vec<Tag>,
    /// Numbers, with the combination of text labels that they stand beside (empty for none).
    pub(crate) numbers: Vec<(String, Tag)>,
}

/// How numbers are turned into the names of tags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberFormat<'a> {
    /// Unit of the label `bytes` in this profile.
    pub(crate) label_unit: &'a str,
    /// Unit that the report asks for.
    pub(crate) output_unit: &'a str,
}

impl NodeTags {
    /// How many tags have a flat value.
    pub(crate) fn flat_count(&self) -> usize {
        let numbers = self.numbers.iter().map(|(_, tag)| tag);
        self.texts.iter().chain(numbers).filter(|tag| tag.weight.flat != 0).count()
    }

    /// Drops the tags that are lighter than the cutoff.
    pub(crate) fn trim(&mut self, cutoff: i64) {
        let heavy = |tag: &Tag| {
            tag.weight.flat.wrapping_abs() >= cutoff || tag.weight.cum.wrapping_abs() >= cutoff
        };
        self.texts.retain(heavy);
        self.numbers.retain(|(_, tag)| heavy(tag));
    }
}

/// Collects the tags of the nodes; the caller walks the samples.
pub(crate) struct TagCollector<'p, 'f> {
    profile: &'p Profile,
    format: NumberFormat<'f>,
    /// Label texts, each once; the first is the empty one.
    texts: Vec<String>,
    text_ids: FastMap<String, u32>,
    /// Text and name of the number, both as text ids; the name is 0 for text labels.
    pairs: Vec<(u32, u32)>,
    pair_ids: FastMap<(u32, u32), u32>,
    /// Node and pair, in one word since each frame of a kept node is looked up: the place in
    /// `found`.
    places: FastMap<u64, usize>,
    found: Vec<Found>,
    names: FastMap<i64, u32>,
    /// The pairs of the sample and their numbers.
    current: Vec<(u32, i64)>,
}

struct Found {
    node: u32,
    pair: u32,
    /// The first number that was met with this name.
    value: i64,
    weight: Weight,
}

impl<'p, 'f> TagCollector<'p, 'f> {
    pub(crate) fn new(profile: &'p Profile, format: NumberFormat<'f>) -> Self {
        Self {
            profile,
            format,
            texts: vec![String::new()],
            text_ids: FastMap::default(),
            pairs: Vec::new(),
            pair_ids: FastMap::default(),
            places: FastMap::default(),
            found: Vec::new(),
            names: FastMap::default(),
            current: Vec::new(),
        }
    }

    /// Turns to a sample with these labels.
    pub(crate) fn enter(&mut self, labels: &[Label]) {
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for label in labels {
            let key = self.profile.text(label.key);
            match label.value {
                LabelData::Text(value) if key != BASE_KEY => {
                    texts.push(format!("{key}:{}", self.profile.text(value)));
                }
                LabelData::Number { value, .. } if key == "bytes" => {
                    let name = match self.names.get(&value) {
                        Some(&name) => name,
                        None => {
                            let NumberFormat { label_unit, output_unit } = self.format;
                            let name = measure::scaled_label(value, label_unit, output_unit);
                            let name = self.text_id(name);
                            self.names.insert(value, name);
                            name
                        }
                    };
                    numbers.push((name, value));
                }
                _ => {}
            }
        }
        texts.sort_unstable();
        let text = self.text_id(texts.join("\n"));
        self.current.clear();
        if text != 0 {
            let pair = self.pair_id(text, 0);
            self.current.push((pair, 0));
        }
        for (name, value) in numbers {
            let pair = self.pair_id(text, name);
            self.current.push((pair, value));
        }
    }

    /// Adds the sample's value to the tags of a node.
    pub(crate) fn add(&mut self, node: u32, add: impl Fn(&mut Weight)) {
        for &(pair, value) in &self.current {
            let found = &mut self.found;
            let key = u64::from(node) << 32 | u64::from(pair);
            let place = *self.places.entry(key).or_insert_with(|| {
                found.push(Found { node, pair, value, weight: Weight::default() });
                found.len() - 1
            });
            add(&mut found[place].weight);
        }
    }

    fn pair_id(&mut self, text: u32, number: u32) -> u32 {
        let pairs = &mut self.pairs;
        *self.pair_ids.entry((text, number)).or_insert_with(|| {
            pairs.push((text, number));
            position_u32(pairs.len() - 1)
        })
    }

    fn text_id(&mut self, text: String) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(&id) = self.text_ids.get(&text) {
            return id;
        }
        let id = position_u32(self.texts.len());
        self.texts.push(text.clone());
        self.text_ids.insert(text, id);
        id
    }

    /// The tags of each node, for nodes 0 to `nodes`.
    pub(crate) fn finish(self, nodes: usize) -> Vec<NodeTags> {
        let mut tags = vec![NodeTags::default(); nodes];
        for found in self.found {
            let of_node = &mut tags[found.node as usize];
            let (text, number) = self.pairs[found.pair as usize];
            let text = &self.texts[text as usize];
            if number == 0 {
                let name = text.clone();
                of_node.texts.push(Tag { name, weight: found.weight, ..Tag::default() });
            } else {
                let tag = Tag {
                    name: self.texts[number as usize].clone(),
                    value: found.value,
                    unit: self.format.label_unit.to_owned(),
                    weight: found.weight,
                };
                of_node.numbers.push((text.clone(), tag));
            }
        }
        tags
    }
}

/// The tags of the kept nodes of a graph whose nodes are those of the table.
pub(crate) fn collect(
    table: &NodeTable<'_>,
    value: SampleValue,
    kept: &[bool],
    format: NumberFormat<'_>,
) -> Vec<NodeTags> {
    let profile = table.profile();
    let samples = &profile.samples;
    let mut collector = TagCollector::new(profile, format);
    let mut seen_in = vec![0_u32; table.len()];
    for sample in 0..samples.len() {
        let (amount, divisor) = value.of(samples.values(sample));
        if amount == 0 && divisor == 0 {
            continue;
        }
        collector.enter(samples.labels(sample));
        let stamp = position_u32(sample + 1);
        let mut leaf = None;
        let mut visit = |node: u32| {
            leaf = Some(node).filter(|node| kept[*node as usize]);
            if leaf.is_some() && seen_in[node as usize] != stamp {
                seen_in[node as usize] = stamp;
                collector.add(node, |weight| weight.add_cum(amount, divisor));
            }
        };
        for &location in samples.stack(sample).iter().rev() {
            match table.only_of(location) {
                SEVERAL => {
                    table.of_location(location).iter().rev().for_each(|node| visit(*node));
                }
                node => visit(node),
            }
        }
        if let Some(leaf) = leaf {
            collector.add(leaf, |weight| weight.add_flat(amount, divisor));
        }
    }
    collector.finish(table.len())
}
