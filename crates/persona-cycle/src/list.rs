//! Doubly linked lists through the rows of a slab: no allocation, and a row leaves from the middle in O(1).

use crate::slab::{NONE, Slab};

/// A row's place in the one list it can be in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    prev: u32,
    next: u32,
}

impl Links {
    pub(crate) const NONE: Self = Self { prev: NONE, next: NONE };
}

pub(crate) trait Linked {
    fn links(&self) -> Links;
    fn links_mut(&mut self) -> &mut Links;
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl Default for List {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl List {
    pub(crate) const EMPTY: Self = Self { head: NONE, tail: NONE };

    /// The first row, or `NONE`.
    pub(crate) fn head(self) -> u32 {
        self.head
    }

    pub(crate) fn first(self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.head == NONE
    }

    pub(crate) fn push_back<T: Linked>(&mut self, rows: &mut Slab<T>, index: u32) {
        *rows[index].links_mut() = Links { prev: self.tail, next: NONE };
        if self.tail == NONE {
            self.head = index;
        } else {
            rows[self.tail].links_mut().next = index;
        }
        self.tail = index;
    }

    pub(crate) fn pop_front<T: Linked>(&mut self, rows: &mut Slab<T>) -> Option<u32> {
        let index = self.first()?;
        self.remove(rows, index);
        Some(index)
    }

    pub(crate) fn remove<T: Linked>(&mut self, rows: &mut Slab<T>, index: u32) {
        let Links { prev, next } = rows[index].links();
        if prev == NONE {
            self.head = next;
        } else {
            rows[prev].links_mut().next = next;
        }
        if next == NONE {
            self.tail = prev;
        } else {
            rows[next].links_mut().prev = prev;
        }
    }

    /// Puts all of `front`, in its order, before what is here.
    pub(crate) fn prepend<T: Linked>(&mut self, rows: &mut Slab<T>, front: List) {
        if front.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = front;
            return;
        }
        rows[front.tail].links_mut().next = self.head;
        rows[self.head].links_mut().prev = front.tail;
        self.head = front.head;
    }

    pub(crate) fn iter<T: Linked>(self, rows: &Slab<T>) -> impl Iterator<Item = u32> + use<'_, T> {
        std::iter::successors(self.first(), |&index| after(rows, index))
    }
}

/// The row that follows `index` in its list.
pub(crate) fn after<T: Linked>(rows: &Slab<T>, index: u32) -> Option<u32> {
    let next = rows[index].links().next;
    (next != NONE).then_some(next)
}
