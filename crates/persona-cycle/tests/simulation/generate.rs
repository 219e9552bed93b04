//! The actions of an episode, drawn from its seed alone.

use persona_cycle::{Budget, Flags, Lane, OnUnknown, Outcome, Overflow, SleepMode, SlotSettings, Unenroll};

use crate::action::{Action, Arrival, Setup, Which, Who};
use crate::random::Random;

/// Actions of one episode.
pub(crate) const EPISODE: usize = 3_000;

/// Hundreds of millions of years: sums with it are still in range.
const HUGE: i64 = 1 << 60;

/// What an episode is about.
struct Theme {
    random: Random,
    /// Conversations that a persona has at most: few make long queues, many make a long choice.
    conversations: u64,
    /// Percentage of what is said in rooms.
    in_rooms: u64,
    /// Percentage of what takes the place of an older item.
    latest: u64,
    windows: [u32; 4],
    /// Percentage of settings that keep a persona from working, sooner or later.
    hard: u64,
}

pub(crate) fn episode(seed: u64) -> (Setup, Vec<Action>) {
    let mut random = Random::new(seed);
    let setup = Setup {
        seed,
        max_turns_in_flight: random.one_of(&[1, 2, 5, 8, 16, 32, 50]),
        quantum: random.one_of(&[1, 3, 20]),
        personas: random.one_of(&[2, 5, 12]),
        overflow: random.one_of(&[Overflow::Page, Overflow::Page, Overflow::Evict]),
        start: random.one_of(&[1_700_000_000_000, 0, i64::MIN / 2, i64::MAX / 2]),
    };
    let mut theme = Theme {
        conversations: random.one_of(&[1, 3, 10, 10, 60]),
        in_rooms: random.one_of(&[0, 50, 90]),
        latest: random.one_of(&[2, 10, 60]),
        windows: random.one_of(&[[1; 4], [2, 3, 4, 5], [10, 40, 20, 30], SlotSettings::default().windows]),
        hard: random.one_of(&[5, 20, 50]),
        random,
    };
    let mut actions = Vec::with_capacity(EPISODE + 30);
    while actions.len() < EPISODE {
        theme.draw(&mut actions);
    }
    actions.truncate(EPISODE);
    (setup, actions)
}

impl Theme {
    fn draw(&mut self, actions: &mut Vec<Action>) {
        let action = match self.random.below(1_000) {
            0..=29 => Action::Enroll(self.settings()),
            30..=49 => Action::Configure(self.who(), self.settings()),
            50..=53 => {
                let how = self.random.one_of(&[Unenroll::Drain, Unenroll::Return]);
                Action::Unenroll(self.who(), how)
            }
            54..=83 => Action::Admit(self.who(), self.random.one_of(&[0, 1, 1, 3, 60])),
            84..=105 => Action::Release(
                Who::Present(self.random.below(256) as u8),
                self.random.one_of(&[1, 2, u32::MAX]),
            ),
            106..=295 => Action::Arm(self.arrival()),
            296..=299 => return self.burst(actions),
            300..=509 => Action::Service(Budget {
                turns: self.random.one_of(&[0, 1, 2, 7, 1_000, 1_000]),
                settlements: self.random.one_of(&[0, 1, 3, 1_000]),
                wanted: self.random.one_of(&[0, 1, 5, 1_000]),
            }),
            510..=739 => Action::Complete(self.which(), self.outcome()),
            740..=754 => Action::Settling(self.which()),
            755..=764 => self.sleep(),
            765..=799 => {
                let room = self.room();
                self.said(room, 25)
            }
            800 => return self.talk(actions),
            801..=805 => Action::Unhear { room: self.room(), back: self.random.below(8) as u8 },
            806..=849 => Action::Page(self.random.one_of(&[1, 3, 100])),
            _ => self.pass(),
        };
        actions.push(action);
    }

    /// Items that merge, more than one turn can hold, or one for each of many conversations.
    fn burst(&mut self, actions: &mut Vec<Action>) {
        let spread = self.random.chance(50);
        let first = self.arrival();
        for _ in 0..30 {
            let mut arrival = Arrival { who: first.who, ..self.arrival() };
            if !spread {
                let Arrival { conversation, lane, flags, merge_key, .. } = first;
                let not_before = self.random.chance(2).then_some(700);
                arrival = Arrival { conversation, lane, flags, not_before, merge_key, ..arrival };
            }
            actions.push(Action::Arm(arrival));
        }
    }

    /// More than a room remembers.
    fn talk(&mut self, actions: &mut Vec<Action>) {
        let room = self.room();
        actions.extend((0..60).map(|_| self.said(room, 5)));
    }

    fn said(&mut self, room: u64, humans: u64) -> Action {
        Action::Hear { room, human: self.random.chance(humans), content: self.random.below(4) }
    }

    fn room(&mut self) -> u64 {
        self.random.below(self.conversations.min(3))
    }

    fn outcome(&mut self) -> Outcome {
        let retry_at = self.soon(&[(-2_000, 6_000)]);
        match self.random.below(20) {
            0..=12 => Outcome::Done,
            13..=14 => Outcome::Declined,
            15..=16 => Outcome::Failed,
            17 => Outcome::TimedOut,
            18 => Outcome::Throttled { retry_at },
            _ => Outcome::Cancelled { retry_at },
        }
    }

    fn sleep(&mut self) -> Action {
        let mode = match self.random.below(8) {
            0..=2 => SleepMode::Active,
            3..=4 => SleepMode::MentionedOnly,
            5 => SleepMode::HumanOnly,
            6 => SleepMode::UntilTopic,
            _ => SleepMode::Sleeping,
        };
        let until = self.random.chance(70).then(|| self.soon(&[(-5, 5), (0, 3_000), (0, 90_000)]));
        Action::Sleep(self.who(), mode, until)
    }

    fn pass(&mut self) -> Action {
        let step = match self.random.below(500) {
            0..=149 => 0..50,
            150..=329 => 0..3_000,
            330..=359 => 0..90_000,
            360..=364 => 500_000..5_000_000,
            // Beyond all levels of the wheel, which end at 2.2 years.
            365 => 0..100_000_000_000,
            // To the earliest there is.
            366 => i64::MIN..i64::MIN + 1,
            367..=399 => -5_000..0,
            // The moments at which something that has no timer ends, and those before.
            400..=414 => {
                let span = self.random.one_of(&[10, 10_000, 60_000, 120_000, 600_000]);
                span - 1..span + 1
            }
            _ => return Action::PassUntilDue,
        };
        Action::Pass(self.random.within(step))
    }

    fn settings(&mut self) -> SlotSettings {
        let Self { random, windows, hard, .. } = self;
        let [bounds, deadline, paused, breaker, room, mood] = [*hard; 6].map(|share| random.chance(share));
        let usual = SlotSettings::default();
        let mut settings = SlotSettings {
            max_parallel_turns: if bounds { 1 } else { random.one_of(&[2, 8, 1_024]) },
            max_queued: random.one_of(&[1, 50, 10_000, 1_000_000]),
            deadline_ms: if deadline { random.one_of(&[1, 500, 30_000]) } else { usual.deadline_ms },
            paused: paused && random.chance(25),
            on_unknown: random.one_of(&[OnUnknown::Retry, OnUnknown::Retry, OnUnknown::Ask, OnUnknown::Drop]),
            windows: if random.chance(90) { *windows } else { [1, 10_000, 1, 10_000] },
            breaker_failures: if breaker { random.one_of(&[1, 2]) } else { random.one_of(&[0, 5, 1_000]) },
            breaker_open_ms: random.one_of(&[1, 500, 500, 30_000, 600_000]),
            room_gap_ms: if room { random.one_of(&[10_000, 600_000]) } else { random.one_of(&[0, 10]) },
            room_cap: random.one_of(if room { &[1, 2, 3] } else { &[3, 50, 10_000] }),
            undirected: random.chance(60),
            temperament: mood,
            complexity: random.one_of(&[0, 1_000, 10_000, 10_000]),
            compute: random.one_of(&[0, 199, 200, 1_000, 1_000, 1_000]),
        };
        if random.chance(5) {
            spoil(&mut settings, random);
        }
        settings
    }

    fn arrival(&mut self) -> Arrival {
        let random = &mut self.random;
        let shares = [
            (Flags::URGENT, 8),
            (Flags::MENTION, 20),
            (Flags::HUMAN, 30),
            (Flags::OWN, 1),
            (Flags::ADMITTED, 30),
            (Flags::ALONE, 4),
            (Flags::UNKNOWN, 4),
            (Flags::WAS_ALONE, 50),
            (Flags::ROOM, self.in_rooms),
            (Flags::PERSONA, 20),
            (Flags::ECHO, 4),
            (Flags::DUPLICATE, 1),
            (Flags::LATEST, self.latest),
            (Flags::ON_TOPIC, 10),
            (Flags::PAGED, 3),
        ];
        let flags = shares
            .into_iter()
            .filter(|&(_, share)| random.chance(share))
            .fold(Flags::NONE, |flags, (flag, _)| flags.with(flag));
        let age = self.soon(&[(0, 1), (0, 40), (-1_000, 90_000)]);
        Arrival {
            who: self.who(),
            conversation: self.random.below(self.conversations),
            lane: self.random.one_of(&Lane::ALL),
            priority: self.random.one_of(&[f32::NAN, -1.0, 0.0, 0.2, 0.5, 0.501, 0.9, 1.0, f32::INFINITY]),
            flags,
            age,
            not_before: self.sometimes_soon(5),
            expires: self.sometimes_soon(15),
            merge_key: self.random.one_of(&[0, 0, 0, 5, 6]),
            attempt: self.random.one_of(&[0, 0, 0, 1, 2, u32::MAX]),
            failures: self.random.one_of(&[0, 0, 0, 1, 2, u32::MAX]),
        }
    }

    fn sometimes_soon(&mut self, percent: u64) -> Option<i64> {
        self.random.chance(percent).then(|| self.soon(&[(-2, 3), (-1_000, 9_000), (0, 90_000)]))
    }

    /// A distance in time within one of the ranges, seldom a huge one.
    fn soon(&mut self, ranges: &[(i64, i64)]) -> i64 {
        if self.random.chance(1) {
            return self.random.one_of(&[i64::MIN, -HUGE, HUGE]);
        }
        let (from, to) = self.random.one_of(ranges);
        self.random.within(from..to)
    }

    fn who(&mut self) -> Who {
        let number = self.random.below(256) as u8;
        match self.random.below(100) {
            0..=84 => Who::Enrolled(number),
            85..=94 => Who::Present(number),
            _ => Who::Any(number),
        }
    }

    fn which(&mut self) -> Which {
        let number = self.random.below(256) as u8;
        if self.random.chance(90) { Which::InFlight(number) } else { Which::Ended(number) }
    }
}

/// Puts one setting just beyond its range, or far.
fn spoil(settings: &mut SlotSettings, random: &mut Random) {
    match random.below(10) {
        0 => settings.max_parallel_turns = random.one_of(&[0, 1_025, u32::MAX]),
        1 => settings.max_queued = random.one_of(&[0, 1_000_001, u32::MAX]),
        2 => settings.deadline_ms = random.one_of(&[i64::MIN, -1, 0, 3_600_001, i64::MAX]),
        3 => settings.windows[random.below(4) as usize] = random.one_of(&[0, 10_001, u32::MAX]),
        4 => settings.breaker_failures = random.one_of(&[1_001, u32::MAX]),
        5 => settings.breaker_open_ms = random.one_of(&[i64::MIN, 0, 600_001, i64::MAX]),
        6 => settings.room_gap_ms = random.one_of(&[i64::MIN, -1, 600_001, i64::MAX]),
        7 => settings.room_cap = random.one_of(&[0, 10_001, u32::MAX]),
        8 => settings.complexity = random.one_of(&[10_001, u32::MAX]),
        _ => settings.compute = random.one_of(&[1_001, u32::MAX]),
    }
}
