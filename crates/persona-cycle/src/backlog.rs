//! Items beyond a persona's windows: their keys in order, while all else of them is in the caller's store.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use crate::hash::KeyHasher;
use crate::item::Item;
use crate::{Flags, Lane};

/// Four queues, by lane. All of one conversation stand in one queue, that of the first of them, because they have to
/// come back in their order.
#[derive(Default)]
pub(crate) struct Backlog {
    queues: [VecDeque<Aside>; 4],
    conversations: HashMap<u64, Home, BuildHasherDefault<KeyHasher>>,
    /// Asked for and not yet back.
    asked: HashMap<u64, Asked, BuildHasherDefault<KeyHasher>>,
    asked_of: [u32; 4],
    /// All that is here, asked for or not.
    waiting: [u32; 4],
    /// Whether the fleet knows that there is room for some of it.
    pub(crate) hungry: bool,
}

/// An item that was put aside.
#[derive(Clone, Copy)]
pub(crate) struct Aside {
    pub(crate) key: u64,
    pub(crate) conversation: u64,
    pub(crate) attempt: u32,
    pub(crate) failures: u32,
    pub(crate) flags: Flags,
    pub(crate) lane: Lane,
}

struct Home {
    queue: Lane,
    items: u32,
}

#[derive(Clone, Copy)]
struct Asked {
    conversation: u64,
    lane: Lane,
}

impl Backlog {
    /// About; the room that its tables keep free is not counted.
    pub(crate) const BYTES_PER_ITEM: usize = size_of::<Aside>() + size_of::<(u64, Home)>();

    pub(crate) fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }

    pub(crate) fn total(&self) -> u32 {
        self.waiting.iter().sum()
    }

    pub(crate) fn counts(&self) -> [u32; 4] {
        self.waiting
    }

    pub(crate) fn has(&self, conversation: u64) -> bool {
        self.conversations.contains_key(&conversation)
    }

    pub(crate) fn put_aside(&mut self, item: &Item, conversation: u64) {
        let lane = item.lane;
        let home = self.conversations.entry(conversation).or_insert(Home { queue: lane, items: 0 });
        home.items += 1;
        self.waiting[lane as usize] += 1;
        let Item { key, attempt, failures, flags, .. } = *item;
        let aside = Aside { key, conversation, attempt, failures, flags, lane };
        self.queues[home.queue as usize].push_back(aside);
    }

    /// Whether at least half of the window of a queue's first item is free. `waits` are the counts in the windows.
    pub(crate) fn is_hungry(&self, waits: [u32; 4], windows: [u32; 4]) -> bool {
        Lane::ALL.into_iter().any(|queue| self.may_ask(queue, waits, windows))
    }

    /// Asks for what there is room for, `budget` items at most. False if the budget was too small.
    pub(crate) fn ask(
        &mut self,
        waits: [u32; 4],
        windows: [u32; 4],
        wanted: &mut Vec<u64>,
        budget: usize,
    ) -> bool {
        for queue in Lane::ALL {
            if !self.may_ask(queue, waits, windows) {
                continue;
            }
            while let Some(&next) = self.queues[queue as usize].front() {
                let lane = next.lane as usize;
                if waits[lane] + self.asked_of[lane] >= windows[lane] {
                    break;
                }
                if wanted.len() >= budget {
                    return false;
                }
                wanted.push(next.key);
                self.asked.insert(next.key, Asked { conversation: next.conversation, lane: next.lane });
                self.asked_of[lane] += 1;
                self.queues[queue as usize].pop_front();
            }
        }
        true
    }

    /// An item that was asked for is back. False if it was not asked for.
    pub(crate) fn come_back(&mut self, key: u64) -> Option<Lane> {
        let Asked { conversation, lane } = self.asked.remove(&key)?;
        self.asked_of[lane as usize] -= 1;
        self.leave(conversation, lane);
        Some(lane)
    }

    /// All that is not asked for.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Aside> {
        self.queues.iter().flatten()
    }

    /// The next one that is not asked for, to be given up.
    pub(crate) fn pop(&mut self) -> Option<Aside> {
        let aside = self.queues.iter_mut().find_map(VecDeque::pop_front)?;
        self.leave(aside.conversation, aside.lane);
        Some(aside)
    }

    fn may_ask(&self, queue: Lane, waits: [u32; 4], windows: [u32; 4]) -> bool {
        self.queues[queue as usize].front().is_some_and(|next| {
            let lane = next.lane as usize;
            waits[lane] + self.asked_of[lane] <= windows[lane] / 2
        })
    }

    fn leave(&mut self, conversation: u64, lane: Lane) {
        self.waiting[lane as usize] -= 1;
        if let Some(home) = self.conversations.get_mut(&conversation) {
            home.items -= 1;
            if home.items == 0 {
                self.conversations.remove(&conversation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Envelope, SlotId};
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        PutAside(u64, Lane),
        /// With so many in the windows, and so much budget.
        Ask([u32; 4], usize),
        ComeBack(usize),
        Pop,
    }

    fn step() -> impl Strategy<Value = Step> {
        let lane = prop::sample::select(&Lane::ALL);
        let waits = prop::array::uniform4(0..5u32);
        prop_oneof![
            8 => (0..5u64, lane).prop_map(|(conversation, lane)| Step::PutAside(conversation, lane)),
            4 => (waits, 0..6usize).prop_map(|(waits, budget)| Step::Ask(waits, budget)),
            4 => any::<usize>().prop_map(Step::ComeBack),
            1 => Just(Step::Pop),
        ]
    }

    /// All items in the order in which they were put aside.
    #[derive(Default)]
    struct Rows(Vec<Row>);

    #[derive(Clone, Copy, PartialEq)]
    struct Row {
        key: u64,
        conversation: u64,
        lane: Lane,
        queue: Lane,
        asked: bool,
    }

    impl Rows {
        fn put_aside(&mut self, key: u64, conversation: u64, lane: Lane) {
            let first = self.0.iter().find(|row| row.conversation == conversation);
            let queue = first.map_or(lane, |row| row.queue);
            self.0.push(Row { key, conversation, lane, queue, asked: false });
        }

        fn first(&mut self, queue: Lane) -> Option<&mut Row> {
            self.0.iter_mut().find(|row| row.queue == queue && !row.asked)
        }

        fn count(&self, is_meant: impl Fn(&Row) -> bool) -> [u32; 4] {
            Lane::ALL.map(|lane| self.0.iter().filter(|row| row.lane == lane && is_meant(row)).count() as u32)
        }

        /// Whether a queue's first item may be asked for: to begin with, and then to fill up.
        fn has_room(&mut self, queue: Lane, waits: [u32; 4], begins: bool) -> bool {
            let asked = self.count(|row| row.asked);
            let Some(row) = self.first(queue) else { return false };
            let lane = row.lane as usize;
            let taken = waits[lane] + asked[lane];
            if begins { taken <= WINDOWS[lane] / 2 } else { taken < WINDOWS[lane] }
        }

        fn ask(&mut self, waits: [u32; 4], budget: usize) -> (Vec<u64>, bool) {
            let mut keys = Vec::new();
            for queue in Lane::ALL {
                let mut begins = true;
                while self.has_room(queue, waits, begins) {
                    if keys.len() == budget {
                        return (keys, false);
                    }
                    begins = false;
                    keys.extend(self.first(queue).map(|row| {
                        row.asked = true;
                        row.key
                    }));
                }
            }
            (keys, true)
        }
    }

    const WINDOWS: [u32; 4] = [1, 4, 3, 2];

    proptest! {
        #[test]
        fn it_does_what_a_plain_list_does(steps in prop::collection::vec(step(), 0..60)) {
            let (mut backlog, mut rows) = (Backlog::default(), Rows::default());
            let item = |key, lane| Item::new(&Envelope::new(key, SlotId::from_raw(0), 0, lane, 0), 0, 0);
            for (key, step) in (1..).zip(steps) {
                match step {
                    Step::PutAside(conversation, lane) => {
                        backlog.put_aside(&item(key, lane), conversation);
                        rows.put_aside(key, conversation, lane);
                    }
                    Step::Ask(waits, budget) => {
                        let is_hungry = Lane::ALL.into_iter().any(|queue| rows.has_room(queue, waits, true));
                        prop_assert_eq!(backlog.is_hungry(waits, WINDOWS), is_hungry);
                        let mut wanted = Vec::new();
                        let is_done = backlog.ask(waits, WINDOWS, &mut wanted, budget);
                        prop_assert_eq!((wanted, is_done), rows.ask(waits, budget));
                    }
                    Step::ComeBack(which) => {
                        let asked: Vec<Row> = rows.0.iter().copied().filter(|row| row.asked).collect();
                        let row = asked.get(which % asked.len().max(1)).copied();
                        let lane = row.and_then(|row| backlog.come_back(row.key));
                        prop_assert_eq!(lane, row.map(|row| row.lane));
                        rows.0.retain(|other| Some(*other) != row);
                        prop_assert_eq!(backlog.come_back(key), None, "it was not asked for");
                    }
                    Step::Pop => {
                        let row = Lane::ALL.into_iter().find_map(|queue| rows.first(queue).map(|row| *row));
                        let aside = backlog.pop().map(|aside| (aside.key, aside.conversation, aside.lane));
                        prop_assert_eq!(aside, row.map(|row| (row.key, row.conversation, row.lane)));
                        rows.0.retain(|other| Some(*other) != row);
                    }
                }
                prop_assert_eq!(backlog.counts(), rows.count(|_| true));
                prop_assert_eq!((backlog.total(), backlog.is_empty()), (rows.0.len() as u32, rows.0.is_empty()));
                for conversation in 0..5 {
                    let is_there = rows.0.iter().any(|row| row.conversation == conversation);
                    prop_assert_eq!(backlog.has(conversation), is_there);
                }
            }
        }
    }
}
