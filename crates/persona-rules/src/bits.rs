//! Sets of small numbers as words of bits.

use std::ops::Range;

pub(crate) fn words_for(bits: usize) -> usize {
    bits.div_ceil(64)
}

pub(crate) fn get(words: &[u64], bit: usize) -> bool {
    words[bit / 64] >> (bit % 64) & 1 == 1
}

pub(crate) fn set(words: &mut [u64], bit: usize) {
    words[bit / 64] |= 1 << (bit % 64);
}

pub(crate) fn clear(words: &mut [u64], bit: usize) {
    words[bit / 64] &= !(1 << (bit % 64));
}

pub(crate) fn flip(words: &mut [u64], bit: usize) {
    words[bit / 64] ^= 1 << (bit % 64);
}

/// The members in ascending order.
pub(crate) fn each(words: &[u64], mut then: impl FnMut(usize)) {
    for (index, &word) in words.iter().enumerate() {
        let mut word = word;
        while word != 0 {
            then(index * 64 + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}

/// Lists of numbers, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    ends: Vec<u32>,
    numbers: Vec<u32>,
}

impl Lists {
    pub(crate) fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.numbers.extend(list);
        self.ends.push(self.numbers.len() as u32);
    }

    pub(crate) fn get(&self, index: usize) -> &[u32] {
        &self.numbers[self.range(index)]
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start as usize..self.ends[index] as usize
    }
}

/// Some of the rows, in whichever form costs less to apply.
#[derive(Debug)]
pub(crate) enum Rows {
    Few(Box<[u32]>),
    Many(Box<[u64]>),
}

impl Rows {
    pub(crate) fn none() -> Self {
        Self::Few(Box::default())
    }

    /// Of ascending rows among as many as `words` hold.
    pub(crate) fn new(rows: &[u32], words: usize) -> Self {
        if rows.len() < words {
            return Self::Few(rows.into());
        }
        let mut bits = vec![0; words].into_boxed_slice();
        for &row in rows {
            set(&mut bits, row as usize);
        }
        Self::Many(bits)
    }

    pub(crate) fn remove_from(&self, words: &mut [u64]) {
        match self {
            Self::Few(rows) => rows.iter().for_each(|&row| clear(words, row as usize)),
            Self::Many(bits) => words.iter_mut().zip(bits).for_each(|(word, bits)| *word &= !bits),
        }
    }

    pub(crate) fn add_to(&self, words: &mut [u64]) {
        match self {
            Self::Few(rows) => rows.iter().for_each(|&row| set(words, row as usize)),
            Self::Many(bits) => words.iter_mut().zip(bits).for_each(|(word, bits)| *word |= bits),
        }
    }
}
