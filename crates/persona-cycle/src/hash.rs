//! Indexes: hash maps whose order of keys nobody sees and whose hashes are the same in every run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// (slot index, conversation) to strand index.
pub(crate) type StrandIndex = HashMap<(u32, u64), u32, BuildHasherDefault<KeyHasher>>;

/// (strand index, lane, merge key) to item index.
pub(crate) type LatestIndex = HashMap<(u32, u8, u64), u32, BuildHasherDefault<KeyHasher>>;

/// Multiply-and-add over the words of a key, as in rustc-hash 2 (rust-lang/rustc-hash): the best mixed bits are the
/// high ones, which the last rotation brings where hashbrown looks. Keys come from the caller's own counters, so
/// nobody can choose them to collide.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

const MULTIPLIER: u64 = 0xf135_7aea_2e62_a9c5;

impl Hasher for KeyHasher {
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = self.0.wrapping_add(word).wrapping_mul(MULTIPLIER);
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

/// Bytes that the index holds: for each place a key with its value and one byte of control.
pub(crate) fn index_bytes(index: &StrandIndex) -> usize {
    index.capacity() * 8 / 7 * (size_of::<((u32, u64), u32)>() + 1)
}
