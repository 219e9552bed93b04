//! What was said in rooms, and how often who answered there.

use std::collections::VecDeque;

use persona_cycle::{Flags, Heard, SlotId};

use super::strand::is_machine_run;
use super::{Flying, Model};
use crate::rule::Rule;

const REMEMBERED_MS: i64 = 600_000;

#[derive(Default)]
pub(super) struct Rooms {
    all: Vec<Room>,
    said: u32,
}

struct Room {
    key: u64,
    log: VecDeque<Said>,
    human_at: Option<i64>,
    last_at: i64,
    paces: Vec<(SlotId, Pace)>,
}

struct Said {
    number: u32,
    at: i64,
    human: bool,
    content: u64,
}

/// Of one persona in one room.
#[derive(Clone, Copy, Default)]
pub(super) struct Pace {
    pub(super) ended_at: Option<i64>,
    pub(super) machine_turns: u32,
}

impl Model {
    pub(crate) fn hear(&mut self, key: u64, human: bool, content: u64) -> Heard {
        self.forget_rooms();
        self.rooms.said += 1;
        let (now, number) = (self.now, self.rooms.said);
        let (tells_twins, tells_storms) = (self.keeps(Rule::HeardTwice), self.keeps(Rule::Storm));
        let humans_reset = self.keeps(Rule::HumanSpeaks);
        let room = self.room(key);
        let within = |at: i64, ms: i64| now.saturating_sub(at) < ms;
        let machines = room.log.iter().filter(|said| !said.human && within(said.at, 120_000)).count();
        let storm =
            tells_storms && !human && machines >= 2 && !room.human_at.is_some_and(|at| within(at, 120_000));
        let twin = |said: &Said| said.content == content && within(said.at, 60_000);
        let duplicate = tells_twins && content != 0 && room.log.iter().any(twin);
        room.log.push_back(Said { number, at: now, human, content });
        let overflows = room.log.len() > 50;
        if overflows {
            room.log.pop_front();
        }
        if human {
            room.human_at = Some(now);
        }
        if human && humans_reset {
            for (_, pace) in &mut room.paces {
                pace.machine_turns = 0;
            }
        }
        for (is_so, what) in
            [(storm, "a storm"), (duplicate, "a duplicate is heard"), (overflows, "a long talk")]
        {
            if is_so {
                self.reach(what);
            }
        }
        Heard { number, storm, duplicate }
    }

    /// Messages heard so far, which is the number of the last one.
    pub(crate) fn said(&self) -> u32 {
        self.rooms.said
    }

    pub(crate) fn unhear(&mut self, key: u64, number: u32) {
        if !self.keeps(Rule::Unhearing) {
            return;
        }
        let Some(room) = self.rooms.all.iter_mut().find(|room| room.key == key) else { return };
        let Some(place) = room.log.iter().position(|said| said.number == number) else { return };
        if room.log.remove(place).is_some_and(|said| said.human) {
            room.human_at = room.log.iter().filter(|said| said.human).map(|said| said.at).max();
        }
        self.reach("something is unheard");
    }

    pub(super) fn pace(&self, persona: usize, key: u64) -> Pace {
        let id = self.personas[persona].id;
        let room = self.rooms.all.iter().find(|room| room.key == key);
        let pace = room.and_then(|room| room.paces.iter().find(|(slot, _)| *slot == id));
        pace.map_or_else(Pace::default, |&(_, pace)| pace)
    }

    /// After a turn was done.
    pub(super) fn answer_in_room(&mut self, turn: &Flying) {
        if !turn.items[0].envelope.flags.has(Flags::ROOM) {
            return;
        }
        self.forget_rooms();
        let (now, id) = (self.now, self.personas[turn.persona].id);
        let machine = is_machine_run(&turn.items);
        let room = self.room(turn.conversation);
        if !room.paces.iter().any(|(slot, _)| *slot == id) {
            room.paces.push((id, Pace::default()));
        }
        for (_, pace) in room.paces.iter_mut().filter(|(slot, _)| *slot == id) {
            pace.ended_at = Some(now);
            pace.machine_turns += u32::from(machine);
        }
    }

    fn room(&mut self, key: u64) -> &mut Room {
        let now = self.now;
        let all = &mut self.rooms.all;
        let place = all.iter().position(|room| room.key == key).unwrap_or_else(|| {
            all.push(Room { key, log: VecDeque::new(), human_at: None, last_at: now, paces: Vec::new() });
            all.len() - 1
        });
        all[place].last_at = now;
        &mut all[place]
    }

    fn forget_rooms(&mut self) {
        if !self.keeps(Rule::SilentRoom) {
            return;
        }
        let before = self.rooms.all.len();
        let now = self.now;
        self.rooms.all.retain(|room| now.saturating_sub(room.last_at) < REMEMBERED_MS);
        if self.rooms.all.len() < before {
            self.reach("a room is forgotten");
        }
    }
}
