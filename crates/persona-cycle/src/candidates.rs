//! The conversations of one persona that may go now, and the best of them.
//!
//! Priorities grow while items wait, so no sorted structure stays right by itself, and looking at all candidates
//! for each turn would cost a persona with many callers a scan of all of them. This is a *kinetic tournament*
//! (Basch, Guibas and Hershberger, "Data structures for mobile data", SODA 1997): a binary tree of duels, each
//! with the moment until which its outcome holds. Asking for the best repeats only the duels that have run out,
//! and a change repeats those on one path: O(log n) for each change, nothing for time that changes no outcome.

use crate::lanes::Lanes;
use crate::permits::Open;
use crate::rank::{Duel, Rank, duel};
use crate::slab::NONE;
use crate::{Lane, Why};

/// Empty and single sets, the usual ones, own no memory.
#[derive(Default)]
pub(crate) enum Candidates {
    #[default]
    Empty,
    /// The strand, and the lane of its head.
    One(u32, Lane),
    /// Kept until the set is empty again, so that going from one to two and back costs no allocation each time.
    Many(Box<Tournament>),
}

/// Whose turn it is, and why not the next best one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) strand: u32,
    pub(crate) why: Why,
}

impl Candidates {
    /// Adds a strand and gives its seat. `rank_of` tells the rank of any strand in the set.
    pub(crate) fn add(&mut self, strand: u32, rank_of: impl Fn(u32) -> Rank) -> u32 {
        match self {
            Self::Empty => {
                *self = Self::One(strand, rank_of(strand).lane);
                0
            }
            Self::One(first, _) => {
                let mut tournament = Tournament::default();
                tournament.push(*first, rank_of(*first));
                let seat = tournament.push(strand, rank_of(strand));
                *self = Self::Many(Box::new(tournament));
                seat
            }
            Self::Many(tournament) => tournament.push(strand, rank_of(strand)),
        }
    }

    /// Removes the strand at `seat`. Another may be moved there to fill the gap: it is given.
    pub(crate) fn remove(&mut self, seat: u32) -> Option<u32> {
        match self {
            Self::Many(tournament) if tournament.seats.len() > 1 => tournament.remove(seat),
            _ => {
                *self = Self::Empty;
                None
            }
        }
    }

    /// The strand at `seat` has another rank now.
    pub(crate) fn update(&mut self, seat: u32, rank: impl FnOnce() -> Rank) {
        match self {
            Self::Empty => {}
            Self::One(_, lane) => *lane = rank().lane,
            Self::Many(tournament) => tournament.update(seat, rank()),
        }
    }

    /// The best lane among the heads.
    pub(crate) fn best_lane(&self) -> Option<Lane> {
        match self {
            Self::Empty => None,
            Self::One(_, lane) => Some(*lane),
            Self::Many(tournament) => Some(tournament.lanes.best()),
        }
    }

    /// The best of those whose head is in an open lane.
    pub(crate) fn best(&mut self, now: i64, open: Open) -> Option<Choice> {
        match self {
            Self::Empty => None,
            Self::One(strand, lane) => open.has(*lane).then_some(Choice { strand: *strand, why: Why::Only }),
            Self::Many(tournament) if tournament.has_closed(open) => tournament.best_open(now, open),
            Self::Many(tournament) => tournament.best(now),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(..) => 1,
            Self::Many(tournament) => tournament.seats.len(),
        }
    }

    /// Whether the strand has the seat.
    pub(crate) fn has(&self, strand: u32, seat: u32) -> bool {
        match self {
            Self::Empty => false,
            Self::One(one, _) => (*one, 0) == (strand, seat),
            Self::Many(tournament) => {
                tournament.seats.get(seat as usize).is_some_and(|one| one.strand == strand)
            }
        }
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Empty | Self::One(..) => 0,
            Self::Many(tournament) => {
                size_of::<Tournament>()
                    + tournament.seats.capacity() * size_of::<Seat>()
                    + tournament.nodes.capacity() * size_of::<Node>()
            }
        }
    }
}

/// `nodes` is the tree as in a binary heap: node `i` decides between the nodes `2 i` and `2 i + 1`, the root is 1,
/// and a place from `nodes.len()` on stands for the seat at that distance.
#[derive(Default)]
pub(crate) struct Tournament {
    seats: Vec<Seat>,
    nodes: Vec<Node>,
    /// Of the heads.
    lanes: Lanes,
}

struct Seat {
    strand: u32,
    rank: Rank,
}

#[derive(Clone, Copy)]
struct Node {
    winner: u32,
    until: i64,
}

impl Node {
    /// If a node is stale, so are all above it.
    const STALE: Self = Self { winner: NONE, until: i64::MIN };

    fn is_stale(self) -> bool {
        self.until == i64::MIN
    }
}

impl Tournament {
    fn push(&mut self, strand: u32, rank: Rank) -> u32 {
        if self.seats.len() >= self.nodes.len() {
            let places = (self.nodes.len() * 2).max(2);
            self.nodes.clear();
            self.nodes.resize(places, Node::STALE);
        }
        self.seats.push(Seat { strand, rank });
        self.lanes.add(rank.lane);
        let seat = (self.seats.len() - 1) as u32;
        self.invalidate(seat);
        seat
    }

    fn remove(&mut self, seat: u32) -> Option<u32> {
        let last = (self.seats.len() - 1) as u32;
        self.invalidate(seat);
        self.invalidate(last);
        self.lanes.remove(self.seats.swap_remove(seat as usize).rank.lane);
        self.seats.get(seat as usize).map(|moved| moved.strand)
    }

    fn update(&mut self, seat: u32, rank: Rank) {
        let seated = &mut self.seats[seat as usize];
        if seated.rank != rank {
            self.lanes.remove(seated.rank.lane);
            self.lanes.add(rank.lane);
            seated.rank = rank;
            self.invalidate(seat);
        }
    }

    fn invalidate(&mut self, seat: u32) {
        let place = self.nodes.len() + seat as usize;
        let above = std::iter::successors(Some(place / 2), |node| Some(node / 2));
        for node in above.take_while(|&node| node > 0) {
            if self.nodes[node].is_stale() {
                return;
            }
            self.nodes[node] = Node::STALE;
        }
    }

    fn best(&mut self, now: i64) -> Option<Choice> {
        let Node { winner, .. } = self.decide(1, now);
        let strand = self.seats.get(winner as usize)?.strand;
        Some(Choice { strand, why: self.why(winner, now) })
    }

    fn has_closed(&self, open: Open) -> bool {
        Lane::ALL.into_iter().any(|lane| self.lanes.counts()[lane as usize] > 0 && !open.has(lane))
    }

    /// Looks at all: the tree knows nothing of lanes that are closed, which they seldom are.
    fn best_open(&self, now: i64, open: Open) -> Option<Choice> {
        let mut best: Option<&Seat> = None;
        let mut runner_up: Option<&Seat> = None;
        let beats = |one: &Seat, other: Option<&Seat>| {
            other.is_none_or(|other| duel(&one.rank, &other.rank, now).first_wins)
        };
        for seat in self.seats.iter().filter(|seat| open.has(seat.rank.lane)) {
            if beats(seat, best) {
                runner_up = best.replace(seat);
            } else if beats(seat, runner_up) {
                runner_up = Some(seat);
            }
        }
        let best = best?;
        let why = runner_up.map_or(Why::Only, |other| duel(&best.rank, &other.rank, now).why);
        Some(Choice { strand: best.strand, why })
    }

    /// Brings a place of the tree up to date.
    fn decide(&mut self, place: usize, now: i64) -> Node {
        if place >= self.nodes.len() {
            let seat = place - self.nodes.len();
            let winner = if seat < self.seats.len() { seat as u32 } else { NONE };
            return Node { winner, until: i64::MAX };
        }
        if now < self.nodes[place].until {
            return self.nodes[place];
        }
        let left = self.decide(2 * place, now);
        let right = self.decide(2 * place + 1, now);
        let mut node = Node { winner: left.winner, until: left.until.min(right.until) };
        // Seats fill from the left: without a right one there may still be a left one, not the other way round.
        if right.winner != NONE {
            let duel = self.duel(left.winner, right.winner, now);
            node.winner = if duel.first_wins { left.winner } else { right.winner };
            node.until = node.until.min(duel.until);
        }
        self.nodes[place] = node;
        node
    }

    /// What decided against the runner-up: the best of those that lost to the winner itself.
    fn why(&self, winner: u32, now: i64) -> Why {
        let mut place = self.nodes.len() + winner as usize;
        let mut runner_up = NONE;
        while place > 1 {
            let rival = self.winner_at(place ^ 1);
            if runner_up == NONE || (rival != NONE && self.duel(rival, runner_up, now).first_wins) {
                runner_up = rival;
            }
            place /= 2;
        }
        if runner_up == NONE { Why::Only } else { self.duel(winner, runner_up, now).why }
    }

    fn winner_at(&self, place: usize) -> u32 {
        match self.nodes.get(place) {
            Some(node) => node.winner,
            None if place - self.nodes.len() < self.seats.len() => (place - self.nodes.len()) as u32,
            None => NONE,
        }
    }

    fn duel(&self, first: u32, second: u32, now: i64) -> Duel {
        duel(&self.seats[first as usize].rank, &self.seats[second as usize].rank, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permits::Permits;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Add(Rank),
        Remove(usize),
        Update(usize, Rank),
        Wait(i64),
    }

    fn rank() -> impl Strategy<Value = Rank> {
        let lanes = (prop::sample::select(&Lane::ALL), prop::sample::select(&Lane::ALL));
        let times = prop_oneof![0..200i64, 0..100_000i64];
        (times, 0..=6_000_000u32, lanes, prop::bool::weighted(0.1)).prop_map(
            |(enqueued_at, points, (lane, other), urgent)| Rank {
                enqueued_at,
                item: 0,
                points,
                lane,
                best_lane: lane.min(other),
                urgent,
            },
        )
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => rank().prop_map(Op::Add),
            2 => any::<usize>().prop_map(Op::Remove),
            1 => (any::<usize>(), rank()).prop_map(|(place, rank)| Op::Update(place, rank)),
            4 => prop_oneof![0..5i64, 0..30_000i64].prop_map(Op::Wait),
        ]
    }

    /// The best by looking at all, and the best of the others.
    fn two_best(seats: &[(u32, Rank)], now: i64) -> Vec<Rank> {
        let mut ranks: Vec<Rank> = seats.iter().map(|&(_, rank)| rank).collect();
        ranks.sort_by(|a, b| {
            let wins = |first, second| duel(first, second, now).first_wins;
            wins(b, a).cmp(&wins(a, b))
        });
        ranks.truncate(2);
        ranks
    }

    proptest! {
        #[test]
        fn the_best_is_the_best_of_all(ops in prop::collection::vec(op(), 1..120), turns in 0..5u32) {
            // With 0..3 turns of one lane out of 4, no lane, some lanes or all but one are closed.
            let mut permits = Permits::new(4);
            (0..turns.min(4)).for_each(|n| permits.take(if n == 3 { Lane::Voice } else { Lane::Chat }));
            let open = permits.open();
            let (mut candidates, mut seats, mut now, mut strands) = (Candidates::default(), Vec::new(), 0, 0);
            for op in ops {
                match op {
                    Op::Add(rank) => {
                        let rank = Rank { item: u64::from(strands), ..rank };
                        seats.push((strands, rank));
                        let rank_of = |strand| seats.iter().find(|&&(one, _)| one == strand).map_or(rank, |one| one.1);
                        let seat = candidates.add(strands, rank_of);
                        prop_assert_eq!(seat as usize, seats.len() - 1);
                        strands += 1;
                    }
                    Op::Remove(place) if !seats.is_empty() => {
                        let place = place % seats.len();
                        let moved = candidates.remove(place as u32);
                        seats.swap_remove(place);
                        prop_assert_eq!(moved, seats.get(place).map(|seat| seat.0));
                    }
                    Op::Update(place, rank) if !seats.is_empty() => {
                        let place = place % seats.len();
                        let rank = Rank { item: seats[place].1.item, ..rank };
                        seats[place].1 = rank;
                        candidates.update(place as u32, || rank);
                    }
                    Op::Remove(_) | Op::Update(..) => {}
                    Op::Wait(ms) => now += ms,
                }
                prop_assert_eq!(candidates.len(), seats.len());
                prop_assert!((0..).zip(&seats).all(|(seat, &(strand, _))| candidates.has(strand, seat)));
                let best = candidates.best(now, open);
                let lanes = seats.iter().map(|seat| seat.1.lane);
                prop_assert_eq!(candidates.best_lane(), lanes.min());
                let seen: Vec<_> = seats.iter().copied().filter(|seat| open.has(seat.1.lane)).collect();
                let Some(choice) = best else {
                    prop_assert!(seen.is_empty());
                    continue;
                };
                let expected = two_best(&seen, now);
                let chosen = seats.iter().find(|&&(strand, _)| strand == choice.strand).map(|seat| seat.1);
                prop_assert_eq!(chosen, Some(expected[0]));
                let why = expected.get(1).map_or(Why::Only, |second| duel(&expected[0], second, now).why);
                prop_assert_eq!(choice.why, why);
            }
        }
    }
}
