//! Whose turn it is: permits of the lanes, rings of personas, visits.

use persona_cycle::{Lane, SleepMode};

use super::strand::Strand;
use super::{Model, Persona};
use crate::rule::Rule;

/// A persona at the front of its ring for so long goes before better classes.
const STARVED_MS: i64 = 60_000;

impl Model {
    /// Turns in flight, by lane.
    pub(crate) fn used(&self) -> [u32; 4] {
        let mut used = [0; 4];
        for turn in &self.turns {
            used[turn.lane as usize] += 1;
        }
        used
    }

    /// Whether the fleet has a permit left for a turn of the lane.
    pub(super) fn is_open(&self, lane: Lane) -> bool {
        let all = self.options.max_turns_in_flight;
        let voice = if all >= 2 { all.div_ceil(4) } else { 0 };
        let reserved = if self.keeps(Rule::Permits) { [voice, all / 8, all / 16, all / 32] } else { [0; 4] };
        let used = self.used();
        let shared = all - reserved.iter().sum::<u32>();
        let beyond: u32 = (0..4).map(|lane| used[lane].saturating_sub(reserved[lane])).sum();
        let lane = lane as usize;
        used[lane] < reserved[lane] || beyond < shared
    }

    fn own_bound(&self, persona: usize) -> usize {
        let half = (self.options.max_turns_in_flight / 2).max(1);
        let own = self.personas[persona].settings.max_parallel_turns;
        if self.keeps(Rule::HalfTheFleet) { own.min(half) as usize } else { own as usize }
    }

    pub(super) fn is_busy(&self, persona: usize) -> bool {
        self.turns_of(persona) >= self.own_bound(persona)
    }

    pub(super) fn candidates(&self, persona: usize) -> impl Iterator<Item = usize> {
        let strands = self.personas[persona].strands.iter().enumerate();
        strands.filter(move |(_, strand)| self.is_candidate(persona, strand)).map(|(place, _)| place)
    }

    /// The ring in which the persona belongs.
    fn class(&self, place: usize) -> Option<Lane> {
        let persona = &self.personas[place];
        let paused = persona.settings.paused && self.keeps(Rule::Paused);
        if paused || self.is_asleep(place) || !self.breaker_lets(place) || self.is_busy(place) {
            return None;
        }
        self.candidates(place).map(|strand| lane_of_head(&persona.strands[strand])).min()
    }

    fn is_asleep(&self, persona: usize) -> bool {
        self.personas[persona].sleep != SleepMode::Active && self.keeps(Rule::Asleep)
    }

    pub(super) fn follow_up_ring(&mut self, place: usize) {
        let class = self.class(place);
        let now = self.now;
        let former = self.personas[place].ring;
        if class == former {
            return;
        }
        if let Some(lane) = former {
            self.rings[lane as usize].retain(|&one| one != place);
            let keeps_debt = self.keeps(Rule::Debt);
            let Persona { visited, credit, .. } = &mut self.personas[place];
            *visited = false;
            *credit = if keeps_debt { (*credit).min(0) } else { 0 };
            if *credit < 0 && class.is_none() {
                self.reach("debt is kept");
            }
        }
        if let (Some(_), Some(_)) = (class, former) {
            self.reach("another class");
        }
        if let Some(lane) = class {
            let ring = &mut self.rings[lane as usize];
            let last = if self.forgotten == Some(Rule::JoiningAtTheBack) { 0 } else { ring.len() };
            ring.insert(last, place);
            self.personas[place].ready_since = now;
        }
        self.personas[place].ring = class;
    }

    /// The ring whose first persona is visited next.
    pub(super) fn next_visit(&self) -> Option<Lane> {
        let since = |lane: Lane| self.personas[self.rings[lane as usize][0]].ready_since;
        let starved = self
            .open_rings()
            .filter(|&lane| self.now.saturating_sub(since(lane)) >= STARVED_MS)
            .min_by_key(|&lane| (since(lane), lane))
            .filter(|_| self.keeps(Rule::StarvedPersona));
        starved.or(self.open_rings().next())
    }

    /// Where somebody may have a visit, the best first.
    fn open_rings(&self) -> impl Iterator<Item = Lane> {
        let lanes = Lane::ALL.into_iter();
        lanes.filter(|&lane| !self.rings[lane as usize].is_empty() && self.is_open(lane))
    }

    /// Forms turns until the visit ends, cannot go on, or the budget is spent.
    pub(super) fn visit(
        &mut self,
        lane: Lane,
        left: &mut u32,
        mut form: impl FnMut(&mut Self, usize) -> u32,
    ) {
        let place = self.rings[lane as usize][0];
        if self.open_rings().next() != Some(lane) {
            self.reach("a starved persona goes before a better class");
        }
        if self.personas[place].visited && self.keeps(Rule::ContinuedVisit) {
            self.reach("a visit is continued");
        } else {
            self.personas[place].visited = true;
            self.personas[place].credit += i64::from(self.options.quantum);
        }
        if self.personas[place].credit <= 0 {
            self.reach("a visit pays a debt and nothing else");
        }
        let goes_on = |model: &Self| {
            let persona = &model.personas[place];
            persona.ring == Some(lane) && persona.credit > 0
        };
        while goes_on(self) && self.is_open(lane) && *left > 0 {
            *left -= 1;
            let items = form(self, place);
            self.personas[place].credit -= i64::from(items);
            self.follow_up(place);
        }
        let Persona { ring, credit, .. } = self.personas[place];
        if ring == Some(lane) && credit <= 0 {
            if self.rings[lane as usize].len() > 1 {
                self.reach("the next persona has its turn");
            }
            self.rings[lane as usize].rotate_left(1);
            let persona = &mut self.personas[place];
            persona.ready_since = self.now;
            persona.visited = false;
        } else if goes_on(self) && !self.is_open(lane) {
            self.reach("a visit waits for a permit");
        }
    }
}

pub(super) fn lane_of_head(strand: &Strand) -> Lane {
    strand.items[0].envelope.lane
}
