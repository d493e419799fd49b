//! The inner allocator sees the layouts it gave out, and the program its bytes.

use super::{Block, Totals, alone, inner_blocks};
use crate::live::{LARGE, PAGE};

/// A deterministic sequence of choices.
struct Choices(u64);

impl Choices {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// Small, around the limit between small and large, or large.
    fn size(&mut self) -> usize {
        match self.below(8) {
            0..4 => 1 + self.below(300),
            4 | 5 => 1 + self.below(9000),
            6 => LARGE - 40 + self.below(80),
            _ => 1 + self.below(200_000),
        }
    }

    fn align(&mut self) -> usize {
        if self.below(8) == 0 { 1 << self.below(14) } else { 1 << self.below(5) }
    }
}

/// What a block of this number and size should hold at its begin and end.
fn check_bytes(block: &mut Block, number: u8, size: usize) {
    let bytes = block.bytes();
    assert_eq!(bytes[0], number);
    assert_eq!(bytes[size - 1], number);
}

fn stamp(block: &mut Block, number: u8) {
    let last = block.layout.size() - 1;
    block.bytes()[0] = number;
    block.bytes()[last] = number;
}

fn churn(rate: u64, steps: usize) {
    alone(rate, 1, || {
        let before = Totals::now();
        let mut choices = Choices(rate);
        let mut blocks: Vec<(u8, Block)> = Vec::new();
        let (mut allocated, mut allocated_bytes) = (0_u64, 0_u64);
        for step in 0..steps {
            let number = u8::try_from(step % 251).unwrap();
            let mut add = |size: usize| {
                allocated += 1;
                allocated_bytes += size as u64;
            };
            match choices.below(10) {
                0..4 => {
                    let size = choices.size();
                    let mut block = Block::new(size, choices.align());
                    stamp(&mut block, number);
                    blocks.push((number, block));
                    add(size);
                }
                4 => {
                    let size = choices.size();
                    let mut block = Block::zeroed(size, choices.align());
                    assert!(block.bytes().iter().all(|byte| *byte == 0));
                    stamp(&mut block, number);
                    blocks.push((number, block));
                    add(size);
                }
                5..7 if !blocks.is_empty() => {
                    let place = choices.below(blocks.len());
                    let (number, block) = &mut blocks[place];
                    let (old, new) = (block.layout.size(), choices.size());
                    check_bytes(block, *number, old);
                    block.resize(new);
                    assert_eq!(block.bytes()[0], *number);
                    if new >= old {
                        assert_eq!(block.bytes()[old - 1], *number);
                    }
                    stamp(block, *number);
                    add(new);
                }
                _ if !blocks.is_empty() => {
                    let place = choices.below(blocks.len());
                    let (number, mut block) = blocks.swap_remove(place);
                    let size = block.layout.size();
                    check_bytes(&mut block, number, size);
                }
                _ => {}
            }
        }
        if rate == 1 {
            let now = Totals::now().since(before);
            let live: u64 = blocks.iter().map(|(_, block)| block.layout.size() as u64).sum();
            assert_eq!(now.allocated_objects, allocated as f64);
            assert_eq!(now.allocated_bytes, allocated_bytes as f64);
            assert_eq!(now.objects, blocks.len() as f64);
            assert_eq!(now.bytes, live as f64);
        }
        blocks.clear();
        let after = Totals::now().since(before);
        assert_eq!((after.objects, after.bytes, after.sampled_in_use), (0.0, 0.0, 0));
        assert_eq!(inner_blocks(), 0);
    });
}

#[test]
fn at_rate_one_every_byte_is_accounted_for() {
    churn(1, 20_000);
}

#[test]
fn at_any_rate_layouts_and_bytes_survive() {
    for rate in [100, 4096, 65_536] {
        churn(rate, 20_000);
    }
}

#[test]
fn switched_off_nothing_is_sampled() {
    alone(0, 1, || {
        let before = Totals::now();
        drop(Block::new(100, 8));
        drop(Block::new(10 << 20, 8));
        assert_eq!(Totals::now(), before);
    });
}

#[test]
fn a_small_sampled_object_lies_at_a_page_or_sixteen_behind() {
    alone(1, 1, || {
        for align in [1, 2, 4, 8, 16] {
            assert_eq!(Block::new(100, align).pointer.addr() % PAGE, 16);
        }
        for align in [32, 64, 128, 4096, 8192] {
            assert_eq!(Block::new(100, align).pointer.addr() % PAGE, 0);
        }
    });
}

#[test]
fn a_large_sampled_object_grows_where_the_inner_allocator_likes() {
    alone(1, 1, || {
        let mut block = Block::new(LARGE, 8);
        let before = Totals::now();
        block.resize(4 * LARGE);
        assert_eq!(inner_blocks(), 1);
        let now = Totals::now().since(before);
        assert_eq!((now.allocated_objects, now.objects), (1.0, 0.0));
        assert_eq!(now.bytes, 3.0 * LARGE as f64);
    });
}

#[test]
fn an_object_whose_predecessor_forges_a_mark_is_not_taken_for_a_sample() {
    alone(1, 1, || {
        let sampled = Block::new(100, 8);
        // SAFETY: the mark's 16 bytes lie before a small sampled object.
        let mark = unsafe { sampled.pointer.sub(16) }.cast::<[u64; 2]>();
        // SAFETY: as above.
        let mark = unsafe { mark.read() };
        crate::set_sample_rate(0);
        let mut page = Block::new(8192, 4096);
        // The bytes of a true mark, and of one that names the right address and a wrong record.
        for words in [mark, [mark[0] ^ sampled.pointer.addr() as u64, mark[1]], [0, 0]] {
            // SAFETY: the page has room for them.
            unsafe { page.pointer.cast::<[u64; 2]>().write(words) };
            let forged = page.bytes()[16..].as_mut_ptr();
            let address = forged.addr() as u64;
            // SAFETY: as above.
            unsafe { page.pointer.cast::<u64>().write(words[0] ^ address) };
            // SAFETY: the address is 16 behind a page's begin.
            assert_eq!(unsafe { crate::live::read_mark(forged) }, None);
        }
    });
}
