//! Generics, closures, trait objects and inlining, for `cargo xtask compare-symbols`.
use std::collections::BTreeMap;
use std::fmt::Display;

mod shop {
    pub trait Shape {
        fn area(&self) -> u64;
    }
    pub struct Square<T>(pub T);
    impl Shape for Square<u32> {
        fn area(&self) -> u64 {
            u64::from(self.0) * u64::from(self.0)
        }
    }
    impl Shape for Square<String> {
        fn area(&self) -> u64 {
            self.0.len() as u64
        }
    }
}
use shop::{Shape, Square};

#[inline(never)]
fn total<T: Display>(values: &[T], weigh: impl Fn(&str) -> usize) -> usize {
    values.iter().map(|value| weigh(&value.to_string())).sum()
}

fn main() {
    let count = std::env::args().count() as u32;
    let mut kept: BTreeMap<String, Vec<Box<dyn Shape>>> = BTreeMap::new();
    for round in 0..10 {
        let shapes = kept.entry(format!("key {}", round % 3)).or_default();
        shapes.push(Box::new(Square(round + count)));
        shapes.push(Box::new(Square(format!("{round}"))));
    }
    let area: u64 = kept.values().flatten().map(|shape| shape.area()).sum();
    let weight = total(&[1.5, 2.5], |text| text.len() + count as usize);
    println!("{area} {weight}");
}
