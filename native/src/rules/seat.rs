//! What the handles hold: documents, and who is beside them. How a call reaches it.

use std::cell::RefCell;
use std::rc::Rc;

use napi::Result;
use persona_rules::{Crowd, Evaluation, Fault, Matches, Packed, Person, RuleSet, Weights};

use super::fault::{fault, gone, number};

/// A compiled document with the weights that are in force, and who is beside it.
pub(crate) struct Mapper {
    pub(super) rules: RuleSet,
    pub(super) weights: RefCell<Weights>,
    pub(super) scratch: RefCell<Scratch>,
    pub(super) seats: RefCell<Seats>,
}

/// Persons and crowds, each at a number that is given again when nothing holds it any more.
#[derive(Default)]
pub(super) struct Seats {
    pub(super) taken: Vec<Seat>,
    pub(super) free: Vec<usize>,
}

pub(super) struct Seat {
    /// None once let go or lost.
    pub(super) who: Option<Who>,
    /// Set while a call may change them; after a panic it stays so.
    pub(super) changing: bool,
}

#[derive(Default)]
pub(super) struct Scratch {
    pub(super) evaluation: Evaluation,
    pub(super) packed: Packed,
    pub(super) matches: Matches,
}

impl Seats {
    pub(super) fn who(&self, seat: usize) -> Option<&Who> {
        self.taken.get(seat).filter(|seat| !seat.changing).and_then(|seat| seat.who.as_ref())
    }
}

/// Holds a seat beside a document.
pub(crate) struct Beside {
    pub(super) mapper: Rc<Mapper>,
    pub(super) seat: usize,
}

impl Beside {
    pub(super) fn new(mapper: &Rc<Mapper>, who: Who) -> Self {
        let Seats { taken, free } = &mut *mapper.seats.borrow_mut();
        let seat = Seat { who: Some(who), changing: false };
        let number = free.pop().unwrap_or(taken.len());
        if let Some(place) = taken.get_mut(number) {
            *place = seat;
        } else {
            taken.push(seat);
        }
        Self { mapper: Rc::clone(mapper), seat: number }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let Ok(mut seats) = self.mapper.seats.try_borrow_mut() else { return };
        seats.taken[self.seat].who = None;
        seats.free.push(self.seat);
    }
}

pub(super) enum Who {
    One(Person),
    Many(Crowd),
}

/// Runs a call that may change a person or a crowd. A panic in it loses them.
pub(super) fn change<T>(beside: &Beside, call: impl FnOnce(&RuleSet, &mut Who) -> Result<T>) -> Result<T> {
    change_at(&beside.mapper, beside.seat, call)
}

pub(super) fn change_at<T>(
    mapper: &Mapper,
    seat: usize,
    call: impl FnOnce(&RuleSet, &mut Who) -> Result<T>,
) -> Result<T> {
    let mut seats = mapper.seats.try_borrow_mut().map_err(|_| gone())?;
    let Seat { who, changing } = seats.taken.get_mut(seat).ok_or_else(gone)?;
    if std::mem::replace(changing, true) {
        *who = None;
    }
    let result = who.as_mut().map(|who| call(&mapper.rules, who));
    *changing = false;
    result.ok_or_else(gone)?
}

pub(super) fn look<T>(beside: &Beside, person: f64, call: impl FnOnce(&Person) -> Result<T>) -> Result<T> {
    look_at(&beside.mapper, beside.seat, person, call)
}

pub(super) fn look_at<T>(
    mapper: &Mapper,
    seat: usize,
    person: f64,
    call: impl FnOnce(&Person) -> Result<T>,
) -> Result<T> {
    match mapper.seats.borrow().who(seat) {
        Some(Who::One(one)) => call(one),
        Some(Who::Many(crowd)) => {
            call(crowd.person(number(person, "person")?).ok_or_else(|| fault(Fault::UnknownPerson))?)
        }
        None => Err(gone()),
    }
}
