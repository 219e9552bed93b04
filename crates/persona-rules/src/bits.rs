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

/// Makes all of a range members, or none.
pub(crate) fn fill(words: &mut [u64], range: Range<usize>, members: bool) {
    if range.is_empty() {
        return;
    }
    let (first, last) = (range.start / 64, (range.end - 1) / 64);
    for (index, word) in (first..).zip(&mut words[first..=last]) {
        let from = if index == first { u64::MAX << (range.start % 64) } else { u64::MAX };
        let to = if index == last { u64::MAX >> (63 - (range.end - 1) % 64) } else { u64::MAX };
        if members {
            *word |= from & to;
        } else {
            *word &= !(from & to);
        }
    }
}

/// Leaves those that are members of the other, too.
pub(crate) fn keep(words: &mut [u64], others: &[u64]) {
    words.iter_mut().zip(others).for_each(|(word, other)| *word &= other);
}

/// Leaves those members of which `holds` says so.
pub(crate) fn retain(words: &mut [u64], mut holds: impl FnMut(usize) -> bool) {
    for (index, word) in words.iter_mut().enumerate() {
        each(&[*word], |bit| {
            if !holds(index * 64 + bit) {
                *word &= !(1 << bit);
            }
        });
    }
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
    pub(crate) fn of(lists: impl IntoIterator<Item = impl IntoIterator<Item = u32>>) -> Self {
        let mut all = Self::default();
        lists.into_iter().for_each(|list| all.push(list));
        all
    }

    pub(crate) fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.numbers.extend(list);
        self.ends.push(self.numbers.len() as u32);
    }

    pub(crate) fn get(&self, index: usize) -> &[u32] {
        self.get_all(index..index + 1)
    }

    /// All numbers of several lists.
    pub(crate) fn get_all(&self, indexes: Range<usize>) -> &[u32] {
        let start = if indexes.start == 0 { 0 } else { self.ends[indexes.start - 1] };
        let end = if indexes.end == 0 { 0 } else { self.ends[indexes.end - 1] };
        &self.numbers[start as usize..end as usize]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (from, to) in [(0, 0), (0, 1), (3, 64), (63, 65), (64, 128), (1, 191), (0, 192), (128, 192)] {
            let mut words = [0; 3];
            fill(&mut words, from..to, true);
            let expected = |bit| (from..to).contains(&bit);
            assert!((0..192).all(|bit| get(&words, bit) == expected(bit)), "{from}..{to}");
            let mut words = [u64::MAX; 3];
            fill(&mut words, from..to, false);
            assert!((0..192).all(|bit| get(&words, bit) != expected(bit)), "not {from}..{to}");
        }
    }
}
