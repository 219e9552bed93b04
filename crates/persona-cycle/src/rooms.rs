//! What the quiet rules need to know of rooms: who spoke lately, and how often each persona answered machines.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use crate::SlotId;
use crate::hash::KeyHasher;
use crate::list::{Linked, Links, List};
use crate::slab::Slab;

/// So many messages are remembered of each room.
const REMEMBERED: usize = 50;
/// Machines that talk among themselves for so long without a human are an echo.
const ECHO_MS: i64 = 120_000;
/// So many machine messages within that time make one.
const ECHO_MESSAGES: usize = 2;
/// The same words within this time are a duplicate.
const DUPLICATE_MS: i64 = 60_000;
/// A room that was silent for so long is forgotten.
const SILENCE_MS: i64 = 600_000;

/// What there was to say about a message in a room, by what was heard there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// For `unhear`.
    pub number: u32,
    /// No human said it, none spoke in the last 2 minutes, and at least two machine messages came in that time.
    pub storm: bool,
    /// The same content came in the last minute.
    pub duplicate: bool,
}

#[derive(Default)]
pub(crate) struct Rooms {
    rows: Slab<Room>,
    index: HashMap<u64, u32, BuildHasherDefault<KeyHasher>>,
    /// All rooms, the longest silent first.
    by_silence: List,
    messages: u32,
}

struct Room {
    key: u64,
    links: Links,
    /// When anything happened in it last.
    stirred_at: i64,
    human_at: i64,
    log: VecDeque<Message>,
    /// Sorted by slot.
    paces: Vec<(SlotId, Pace)>,
}

#[derive(Clone, Copy)]
struct Message {
    number: u32,
    at: i64,
    human: bool,
    content: u64,
}

/// How a persona has answered in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// When it answered last.
    pub(crate) answered_at: i64,
    /// Answers to machines since a human spoke.
    pub(crate) machine_turns: u32,
}

impl Rooms {
    pub(crate) fn hear(&mut self, key: u64, human: bool, content: u64, now: i64) -> Heard {
        self.messages = self.messages.wrapping_add(1).max(1);
        let number = self.messages;
        let room = self.stirred(key, now);
        let since = |ms: i64| now.saturating_sub(ms);
        let machines = room.log.iter().rev().filter(|one| !one.human && one.at > since(ECHO_MS));
        let storm = !human
            && room.human_at <= since(ECHO_MS)
            && machines.take(ECHO_MESSAGES).count() == ECHO_MESSAGES;
        let same = |one: &Message| one.content == content && one.at > since(DUPLICATE_MS);
        let duplicate = content != 0 && room.log.iter().any(same);
        if room.log.len() == REMEMBERED {
            room.log.pop_front();
        }
        room.log.push_back(Message { number, at: now, human, content });
        if human {
            room.human_at = now;
            for (_, pace) in &mut room.paces {
                pace.machine_turns = 0;
            }
        }
        Heard { number, storm, duplicate }
    }

    /// Forgets a message that was not said after all.
    pub(crate) fn unhear(&mut self, key: u64, number: u32) {
        let Some(&place) = self.index.get(&key) else { return };
        let room = &mut self.rows[place];
        let Some(place) = room.log.iter().position(|one| one.number == number) else { return };
        // What a machine did not say after all must not make the room forget when a human spoke.
        if room.log.remove(place).is_some_and(|one| one.human) {
            let newest = room.log.iter().rev().find(|one| one.human);
            room.human_at = newest.map_or(i64::MIN, |one| one.at);
        }
    }

    pub(crate) fn pace(&self, key: u64, slot: SlotId) -> Option<Pace> {
        let room = &self.rows[*self.index.get(&key)?];
        let row = room.paces.binary_search_by_key(&slot, |&(one, _)| one).ok()?;
        Some(room.paces[row].1)
    }

    /// A persona has answered in the room.
    pub(crate) fn answered(&mut self, key: u64, slot: SlotId, a_machine: bool, now: i64) {
        let room = self.stirred(key, now);
        let row = room.paces.binary_search_by_key(&slot, |&(one, _)| one).unwrap_or_else(|row| {
            room.paces.insert(row, (slot, Pace { answered_at: now, machine_turns: 0 }));
            row
        });
        let pace = &mut room.paces[row].1;
        pace.answered_at = now;
        pace.machine_turns = pace.machine_turns.saturating_add(u32::from(a_machine));
    }

    pub(crate) fn bytes(&self) -> usize {
        let contents = self.index.values().map(|&place| {
            let room = &self.rows[place];
            room.log.capacity() * size_of::<Message>() + room.paces.capacity() * size_of::<(SlotId, Pace)>()
        });
        self.rows.bytes() + self.index.capacity() * (size_of::<(u64, u32)>() + 1) + contents.sum::<usize>()
    }

    /// The room, made if need be, in which something happens now; rooms that have been silent for long are forgotten.
    fn stirred(&mut self, key: u64, now: i64) -> &mut Room {
        while let Some(place) = self.by_silence.first()
            && now.saturating_sub(self.rows[place].stirred_at) >= SILENCE_MS
        {
            self.by_silence.remove(&mut self.rows, place);
            self.index.remove(&self.rows[place].key);
            self.rows[place] = Room::new(0, 0);
            self.rows.free(place);
        }
        let place = if let Some(&place) = self.index.get(&key) {
            self.by_silence.remove(&mut self.rows, place);
            place
        } else {
            let place = self.rows.insert(Room::new(key, now));
            self.index.insert(key, place);
            place
        };
        self.by_silence.push_back(&mut self.rows, place);
        self.rows[place].stirred_at = now;
        &mut self.rows[place]
    }
}

impl Room {
    fn new(key: u64, now: i64) -> Self {
        Self {
            key,
            links: Links::NONE,
            stirred_at: now,
            human_at: i64::MIN,
            log: VecDeque::new(),
            paces: Vec::new(),
        }
    }
}

impl Linked for Room {
    fn links(&self) -> Links {
        self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Hear { room: u64, human: bool, content: u64 },
        Unhear { room: u64, back: u32 },
        Answer { room: u64, slot: u32, a_machine: bool },
        Wait(i64),
    }

    fn event() -> impl Strategy<Value = Event> {
        let room = || 0..3u64;
        let wait = prop_oneof![
            0..2_000i64,
            prop::sample::select(&[59_999i64, 60_000, 119_999, 120_000, 599_999, 600_000][..]),
        ];
        prop_oneof![
            6 => (room(), prop::bool::weighted(0.2), 0..4u64)
                .prop_map(|(room, human, content)| Event::Hear { room, human, content }),
            1 => (room(), 0..4u32).prop_map(|(room, back)| Event::Unhear { room, back }),
            2 => (room(), 0..3u32, any::<bool>())
                .prop_map(|(room, slot, a_machine)| Event::Answer { room, slot, a_machine }),
            3 => wait.prop_map(Event::Wait),
        ]
    }

    /// All that ever happened, looked through for each question.
    #[derive(Default)]
    struct Book {
        entries: Vec<Entry>,
    }

    #[derive(Clone, Copy)]
    struct Entry {
        at: i64,
        room: u64,
        what: What,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum What {
        Said { number: u32, human: bool, content: u64, taken_back: bool },
        Answered { slot: u32, a_machine: bool },
    }

    impl Book {
        fn of(&self, room: u64) -> impl DoubleEndedIterator<Item = Entry> {
            self.entries.iter().copied().filter(move |entry| entry.room == room)
        }

        /// Storm, and duplicate.
        fn heard(&self, room: u64, human: bool, content: u64, now: i64) -> (bool, bool) {
            let said = self.of(room).filter_map(|entry| match entry.what {
                What::Said { human, content, taken_back: false, .. } => {
                    Some((now - entry.at, human, content))
                }
                _ => None,
            });
            let said: Vec<_> = said.collect();
            let recent = || said.iter().filter(|&&(ago, ..)| ago < 120_000);
            let storm = !human && recent().filter(|one| !one.1).count() >= 2 && !recent().any(|one| one.1);
            let same = said.iter().any(|&(ago, _, other)| ago < 60_000 && other == content);
            (storm, content != 0 && same)
        }

        /// By what happened since the room was last forgotten, which any event in any room brings about.
        fn pace(&self, room: u64, slot: u32) -> Option<Pace> {
            let mut pace = None;
            let mut stirred_at = self.entries.last()?.at;
            let since_forgotten = self.of(room).rev().take_while(|entry| {
                let silence = std::mem::replace(&mut stirred_at, entry.at) - entry.at;
                silence < SILENCE_MS
            });
            for entry in since_forgotten.collect::<Vec<_>>().into_iter().rev() {
                match entry.what {
                    What::Said { human: true, .. } => {
                        pace = pace.map(|pace| Pace { machine_turns: 0, ..pace });
                    }
                    What::Answered { slot: other, a_machine } if other == slot => {
                        let before = pace.map_or(0, |pace: Pace| pace.machine_turns);
                        let machine_turns = before + u32::from(a_machine);
                        pace = Some(Pace { answered_at: entry.at, machine_turns });
                    }
                    _ => {}
                }
            }
            pace
        }
    }

    proptest! {
        /// As long as there is no more than a room remembers.
        #[test]
        fn it_knows_what_a_book_of_everything_says(events in prop::collection::vec(event(), 0..=REMEMBERED)) {
            let (mut rooms, mut book, mut now, mut last) = (Rooms::default(), Book::default(), 0, 0);
            let slot_of = |slot: u32| SlotId::new(slot, 1);
            for event in events {
                match event {
                    Event::Wait(ms) => now += ms,
                    Event::Hear { room, human, content } => {
                        let (storm, duplicate) = book.heard(room, human, content, now);
                        last += 1;
                        let heard = rooms.hear(room, human, content, now);
                        prop_assert_eq!(heard, Heard { number: last, storm, duplicate });
                        let what = What::Said { number: last, human, content, taken_back: false };
                        book.entries.push(Entry { at: now, room, what });
                    }
                    Event::Unhear { room, back } => {
                        let taken = last.saturating_sub(back);
                        rooms.unhear(room, taken);
                        for entry in &mut book.entries {
                            if let What::Said { number, taken_back, .. } = &mut entry.what {
                                *taken_back |= entry.room == room && *number == taken;
                            }
                        }
                    }
                    Event::Answer { room, slot, a_machine } => {
                        rooms.answered(room, slot_of(slot), a_machine, now);
                        book.entries.push(Entry { at: now, room, what: What::Answered { slot, a_machine } });
                    }
                }
                for room in 0..3 {
                    for slot in 0..3 {
                        prop_assert_eq!(rooms.pace(room, slot_of(slot)), book.pace(room, slot));
                    }
                }
            }
        }
    }
}
