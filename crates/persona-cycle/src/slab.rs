//! A table whose rows keep their index, and whose free rows are used again.

use std::ops::{Index, IndexMut};

/// Stands for "no row".
pub(crate) const NONE: u32 = u32::MAX;

/// A freed row keeps its last value until it is used again, so that a generation can live in it.
pub(crate) struct Slab<T> {
    rows: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn insert(&mut self, row: T) -> u32 {
        self.insert_with(|_| row)
    }

    /// `make` gets the row that is used again, if there is one.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Option<&T>) -> T) -> u32 {
        if let Some(index) = self.free.pop() {
            let row = &mut self.rows[index as usize];
            *row = make(Some(row));
            return index;
        }
        debug_assert!(self.rows.len() < NONE as usize, "a table is full");
        self.rows.push(make(None));
        (self.rows.len() - 1) as u32
    }

    pub(crate) fn free(&mut self, index: u32) {
        self.free.push(index);
    }

    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.rows.get(index as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    /// Whether the next row would have no index.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= NONE as usize
    }

    /// All rows with their index, the freed ones too.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.rows)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<T>() + self.free.capacity() * size_of::<u32>()
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, index: u32) -> &T {
        &self.rows[index as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.rows[index as usize]
    }
}
