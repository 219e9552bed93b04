//! One persona's part in one conversation: what waits in it, in order. It exists while something waits in it or a
//! turn of it is in flight.

use crate::item::{Item, MERGE_LIMIT};
use crate::lanes::Lanes;
use crate::list::{Linked, Links, List};
use crate::rank::Rank;
use crate::slab::{NONE, Slab};
use crate::{Flags, Held};

pub(crate) struct Strand {
    pub(crate) conversation: u64,
    pub(crate) slot: u32,
    /// Among the strands of its slot.
    pub(crate) links: Links,
    waiting: List,
    lanes: Lanes,
    urgent: u32,
    /// The leading items that go into the next turn.
    run: Run,
    /// Its turn in flight, or `NONE`.
    pub(crate) flight: u32,
    /// Its place among the slot's candidates, or `NONE`.
    pub(crate) seat: u32,
    /// What its head waits for, if not for its turn among the candidates.
    pub(crate) hold: Option<Hold>,
}

#[derive(Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) timer: u32,
    pub(crate) reason: Held,
    pub(crate) since: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) length: u32,
    /// Largest priority in it.
    points: u32,
    /// Whether a human said some of it.
    pub(crate) human: bool,
    /// Whether a human said some of it to the persona, or it is urgent: no mood stands against that.
    pub(crate) pressing: bool,
}

impl Run {
    const EMPTY: Self = Self { length: 0, points: 0, human: false, pressing: false };

    fn with(self, item: &Item) -> Self {
        let human = item.flags.has(Flags::HUMAN);
        let spoken_to = item.flags.has(Flags::MENTION) || !item.flags.has(Flags::ROOM);
        Self {
            length: self.length + 1,
            points: self.points.max(item.points),
            human: self.human || human,
            pressing: self.pressing || item.is_urgent() || (human && spoken_to),
        }
    }
}

impl Strand {
    pub(crate) fn new(slot: u32, conversation: u64) -> Self {
        Self {
            conversation,
            slot,
            links: Links::NONE,
            waiting: List::EMPTY,
            lanes: Lanes::default(),
            urgent: 0,
            run: Run::EMPTY,
            flight: NONE,
            seat: NONE,
            hold: None,
        }
    }

    pub(crate) fn head(&self) -> Option<u32> {
        self.waiting.first()
    }

    /// Items that wait in it.
    pub(crate) fn length(&self) -> u32 {
        self.lanes.total()
    }

    pub(crate) fn run(&self) -> Run {
        self.run
    }

    pub(crate) fn waiting<'a>(&self, items: &'a Slab<Item>) -> impl Iterator<Item = u32> + use<'a> {
        self.waiting.iter(items)
    }

    pub(crate) fn push_back(&mut self, items: &mut Slab<Item>, index: u32) {
        let run_is_all = self.run.length == self.lanes.total();
        self.count(&items[index]);
        self.waiting.push_back(items, index);
        if run_is_all && self.run.length < MERGE_LIMIT && self.merges(items, index) {
            self.run = self.run.with(&items[index]);
        }
    }

    /// Puts items that come back from a turn before the waiting ones.
    pub(crate) fn prepend(&mut self, items: &mut Slab<Item>, front: List) {
        for index in front.iter(items) {
            self.count(&items[index]);
        }
        self.waiting.prepend(items, front);
        self.run = self.measured_run(items);
    }

    pub(crate) fn remove(&mut self, items: &mut Slab<Item>, index: u32) {
        self.uncount(&items[index]);
        self.waiting.remove(items, index);
        self.run = self.measured_run(items);
    }

    /// Takes out what goes into the next turn.
    pub(crate) fn take_run(&mut self, items: &mut Slab<Item>) -> List {
        let mut taken = List::EMPTY;
        for _ in 0..self.run.length {
            if let Some(index) = self.waiting.pop_front(items) {
                self.uncount(&items[index]);
                taken.push_back(items, index);
            }
        }
        self.run = self.measured_run(items);
        taken
    }

    /// Something must wait in it.
    pub(crate) fn rank(&self, items: &Slab<Item>) -> Rank {
        let head = &items[self.waiting.head()];
        Rank {
            enqueued_at: head.enqueued_at,
            item: head.key,
            points: self.run.points,
            lane: head.lane,
            best_lane: self.lanes.best(),
            urgent: self.urgent > 0,
        }
    }

    /// Panics unless what it keeps of its items is what they say.
    pub(crate) fn check(&self, items: &Slab<Item>) {
        let (mut lanes, mut urgent) = (Lanes::default(), 0);
        for item in self.waiting(items).map(|index| &items[index]) {
            lanes.add(item.lane);
            urgent += u32::from(item.is_urgent());
        }
        assert_eq!((self.lanes, self.urgent), (lanes, urgent), "counts of a strand");
        assert_eq!(self.run, self.measured_run(items), "run of a strand");
    }

    fn merges(&self, items: &Slab<Item>, index: u32) -> bool {
        self.head().is_some_and(|head| head == index || items[index].merges_with(&items[head]))
    }

    fn measured_run(&self, items: &Slab<Item>) -> Run {
        self.waiting(items)
            .take(MERGE_LIMIT as usize)
            .take_while(|&index| self.merges(items, index))
            .fold(Run::EMPTY, |run, index| run.with(&items[index]))
    }

    fn count(&mut self, item: &Item) {
        self.lanes.add(item.lane);
        self.urgent += u32::from(item.is_urgent());
    }

    fn uncount(&mut self, item: &Item) {
        self.lanes.remove(item.lane);
        self.urgent -= u32::from(item.is_urgent());
    }
}

impl Linked for Strand {
    fn links(&self) -> Links {
        self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}
