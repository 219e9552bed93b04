//! Timers: one hierarchical timing wheel for the whole fleet.
//!
//! Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, in the form that William Ahern's
//! `timeout.c` and tokio's `time/wheel` gave it: six levels of 64 buckets, one bitmap for each level, one bucket of
//! the lowest level for each millisecond. A timer sits on the level of the highest base-64 digit in which its
//! deadline differs from the wheel's own time, in the bucket of its own digit there; so everything on a level comes
//! before everything on the levels above, and the first occupied bucket of the lowest occupied level holds the next
//! timer. When time reaches a bucket above the lowest level, its timers are placed again, further down.
//! Deadlines beyond the six levels (2^36 ms, 2.2 years) wait in one bucket more.
//!
//! Unlike its models each bucket remembers its smallest deadline, so that the owner can sleep until exactly then,
//! and the advance can stop after any number of steps and go on later, so that a million timers due together stall
//! nobody. Adding and cancelling are O(1); timers with the same deadline fire in the order in which they were set.

use crate::list::{Linked, Links, List};
use crate::slab::Slab;

const LEVELS: usize = 6;
const DIGIT_BITS: u32 = 6;
const BUCKETS: usize = 1 << DIGIT_BITS;
/// The bucket of what lies beyond all levels.
const FAR: usize = LEVELS * BUCKETS;

pub(crate) struct Wheel<T> {
    timers: Slab<Timer<T>>,
    buckets: Vec<Bucket>,
    occupied: [u64; LEVELS],
    /// Nothing set lies in a bucket that begins before this, but for deadlines that had passed when they were set.
    elapsed: u64,
    /// The bucket whose timers are being placed again, until it is empty.
    opened: Option<usize>,
}

struct Timer<T> {
    deadline: u64,
    due: T,
    links: Links,
    bucket: u16,
}

impl<T> Linked for Timer<T> {
    fn links(&self) -> Links {
        self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    timers: List,
    /// Smallest deadline since it was last empty: exact, or that of a cancelled timer.
    earliest: u64,
}

impl Bucket {
    const EMPTY: Self = Self { timers: List::EMPTY, earliest: u64::MAX };
}

impl<T: Copy> Wheel<T> {
    pub(crate) fn new() -> Self {
        Self {
            timers: Slab::new(),
            buckets: vec![Bucket::EMPTY; FAR + 1],
            occupied: [0; LEVELS],
            elapsed: 0,
            opened: None,
        }
    }

    /// Sets a timer and gives its index. A deadline that has passed is due at the next advance.
    pub(crate) fn set(&mut self, now: i64, deadline: i64, due: T) -> u32 {
        if self.len() == 0 {
            self.elapsed = self.elapsed.max(to_wheel(now));
        }
        let timer = Timer { deadline: to_wheel(deadline), due, links: Links::NONE, bucket: 0 };
        let index = self.timers.insert(timer);
        self.place(index);
        index
    }

    /// Takes back a timer that has not fired.
    pub(crate) fn cancel(&mut self, index: u32) {
        self.unlink(index);
        self.timers.free(index);
    }

    pub(crate) fn deadline(&self, index: u32) -> i64 {
        from_wheel(self.timers[index].deadline)
    }

    /// Number of timers set.
    pub(crate) fn len(&self) -> usize {
        self.timers.len()
    }

    /// The first deadline, or an earlier one that was cancelled.
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        let first = self.first().map(|bucket| self.buckets[bucket].earliest);
        let opened = self.opened.map(|bucket| self.buckets[bucket].earliest);
        first.into_iter().chain(opened).min().map(from_wheel)
    }

    /// Frees and gives the next timer due at `now`, in the order of deadlines. None: nothing is due any more, or
    /// `steps`, which counts down by one for each timer moved or fired, has reached 0.
    pub(crate) fn pop_due(&mut self, now: i64, steps: &mut u32) -> Option<T> {
        let now = to_wheel(now);
        while *steps > 0 {
            if let Some(bucket) = self.opened {
                self.place_one_again(bucket);
                *steps -= 1;
                continue;
            }
            let Some(bucket) = self.first().filter(|&bucket| self.start_of(bucket) <= now) else {
                self.elapsed = self.elapsed.max(now);
                return None;
            };
            self.elapsed = self.elapsed.max(self.start_of(bucket));
            if bucket == FAR {
                self.place_far_again();
            } else if bucket >= BUCKETS {
                self.opened = Some(bucket);
            } else if let Some(index) = self.buckets[bucket].timers.first() {
                *steps -= 1;
                let due = self.timers[index].due;
                self.cancel(index);
                return Some(due);
            }
        }
        None
    }

    pub(crate) fn bytes(&self) -> usize {
        self.timers.bytes() + self.buckets.capacity() * size_of::<Bucket>()
    }

    fn place_one_again(&mut self, bucket: usize) {
        if let Some(index) = self.buckets[bucket].timers.first() {
            self.unlink(index);
            self.place(index);
        }
    }

    /// In one go: time reaches this bucket once in two years, or when nothing nearer is set.
    fn place_far_again(&mut self) {
        let mut far = std::mem::replace(&mut self.buckets[FAR], Bucket::EMPTY).timers;
        while let Some(index) = far.pop_front(&mut self.timers) {
            self.place(index);
        }
    }

    fn place(&mut self, index: u32) {
        let deadline = self.timers[index].deadline;
        let bucket = self.bucket_of(deadline);
        self.timers[index].bucket = bucket as u16;
        let at = &mut self.buckets[bucket];
        at.timers.push_back(&mut self.timers, index);
        at.earliest = at.earliest.min(deadline);
        if bucket != FAR {
            self.occupied[bucket / BUCKETS] |= 1 << (bucket % BUCKETS);
        }
    }

    fn unlink(&mut self, index: u32) {
        let bucket = usize::from(self.timers[index].bucket);
        let at = &mut self.buckets[bucket];
        at.timers.remove(&mut self.timers, index);
        if at.timers.is_empty() {
            at.earliest = u64::MAX;
            if bucket != FAR {
                self.occupied[bucket / BUCKETS] &= !(1 << (bucket % BUCKETS));
            }
            if self.opened == Some(bucket) {
                self.opened = None;
            }
        }
    }

    fn bucket_of(&self, deadline: u64) -> usize {
        let at = deadline.max(self.elapsed);
        let highest_bit = (at ^ self.elapsed).checked_ilog2().unwrap_or(0);
        let level = (highest_bit / DIGIT_BITS) as usize;
        if level >= LEVELS {
            return FAR;
        }
        let digit = at >> (level as u32 * DIGIT_BITS) & (BUCKETS as u64 - 1);
        level * BUCKETS + digit as usize
    }

    /// The bucket of the next timer, the opened one apart.
    fn first(&self) -> Option<usize> {
        let opened = self.opened.unwrap_or(FAR);
        let near = self.occupied.iter().enumerate().find_map(|(level, &bits)| {
            let bits = if opened / BUCKETS == level { bits & !(1 << (opened % BUCKETS)) } else { bits };
            (bits != 0).then(|| level * BUCKETS + bits.trailing_zeros() as usize)
        });
        near.or_else(|| (!self.buckets[FAR].timers.is_empty()).then_some(FAR))
    }

    /// The first moment that belongs to the bucket.
    fn start_of(&self, bucket: usize) -> u64 {
        let level_bits = (bucket / BUCKETS) as u32 * DIGIT_BITS;
        if bucket == FAR {
            return self.buckets[FAR].earliest >> level_bits << level_bits;
        }
        let above = level_bits + DIGIT_BITS;
        self.elapsed >> above << above | ((bucket % BUCKETS) as u64) << level_bits
    }
}

/// The wheel counts from the smallest `i64`, so that its order is that of unsigned numbers.
fn to_wheel(time: i64) -> u64 {
    (time as u64) ^ 1 << 63
}

#[expect(clippy::cast_possible_wrap, reason = "the inverse of to_wheel")]
fn from_wheel(time: u64) -> i64 {
    (time ^ 1 << 63) as i64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Set(i64),
        Cancel(usize),
        Advance(i64, u32),
    }

    /// Every level of the wheel, and beyond.
    fn distance() -> impl Strategy<Value = i64> {
        prop_oneof![
            4 => 1..130i64,
            4 => 1..10_000i64,
            2 => 1..1i64 << 37,
            1 => Just(i64::MAX),
            1 => (0..60u32).prop_map(|bits| 1i64 << bits),
        ]
    }

    fn op() -> impl Strategy<Value = Op> {
        let steps = prop_oneof![Just(u32::MAX), 0..6u32];
        prop_oneof![
            4 => distance().prop_map(Op::Set),
            1 => any::<usize>().prop_map(Op::Cancel),
            4 => (prop_oneof![Just(0), distance()], steps).prop_map(|(ms, steps)| Op::Advance(ms, steps)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn fires_what_a_sorted_set_would(
            start in prop_oneof![Just(i64::MIN), Just(0), Just(1_700_000_000_000), any::<i64>()],
            ops in prop::collection::vec(op(), 1..80),
        ) {
            let mut wheel = Wheel::new();
            let mut set = BTreeSet::new();
            let mut indices = Vec::new();
            let mut cancelled = BTreeSet::new();
            let mut now = start;
            // Steps that ran out in the middle may change the order of timers with one deadline.
            let mut in_order = true;
            for op in ops {
                match op {
                    Op::Set(ms) => {
                        let deadline = now.saturating_add(ms);
                        let number = indices.len();
                        indices.push((deadline, wheel.set(now, deadline, number)));
                        set.insert((deadline, number));
                    }
                    Op::Cancel(place) if !set.is_empty() => {
                        let &(deadline, number) = set.iter().nth(place % set.len()).unwrap();
                        prop_assert_eq!(wheel.deadline(indices[number].1), deadline);
                        wheel.cancel(indices[number].1);
                        set.remove(&(deadline, number));
                        cancelled.insert(deadline);
                    }
                    Op::Cancel(_) => {}
                    Op::Advance(ms, mut steps) => {
                        now = now.saturating_add(ms);
                        in_order &= steps == u32::MAX;
                        while let Some(number) = wheel.pop_due(now, &mut steps) {
                            let &(first, _) = set.first().unwrap();
                            let deadline = indices[number].0;
                            prop_assert_eq!(deadline, first);
                            prop_assert!(!in_order || set.first() == Some(&(deadline, number)));
                            prop_assert!(set.remove(&(deadline, number)), "fired twice, or after a cancel");
                        }
                        let due = set.first().is_some_and(|&(deadline, _)| deadline <= now);
                        prop_assert!(!due || steps == 0, "{:?} is due", set.first());
                    }
                }
                prop_assert_eq!(wheel.len(), set.len());
                match (wheel.next_deadline(), set.first()) {
                    (None, None) => {}
                    (Some(next), Some(&(first, _))) => {
                        prop_assert!(next == first || (next < first && cancelled.contains(&next)));
                    }
                    (next, first) => prop_assert!(false, "{next:?} is reported, {first:?} is first"),
                }
            }
        }
    }

    #[test]
    fn a_deadline_that_has_passed_is_due_at_once() {
        let mut wheel = Wheel::new();
        wheel.set(0, 1_000, "later");
        assert_eq!(wheel.pop_due(500, &mut 9), None);
        wheel.set(500, 100, "late");
        assert_eq!((wheel.next_deadline(), wheel.pop_due(500, &mut 9)), (Some(100), Some("late")));
    }

    #[test]
    fn reaching_a_far_timer_takes_few_steps() {
        let mut wheel = Wheel::new();
        wheel.set(0, i64::MAX, ());
        let mut steps = 7;
        assert_eq!(wheel.pop_due(i64::MAX, &mut steps), Some(()), "{steps} steps left");
    }
}
