//! What a document says of somebody: suggestions, the rules that fire, and why.

use std::rc::Rc;

use napi::bindgen_prelude::{
    External, Float64Array, Float64ArraySlice, FnArgs, Function, FunctionCallContext, Uint32ArraySlice,
};
use napi::sys::napi_value;
use napi::{Env, JsValue, Result};
use napi_derive::napi;
use persona_rules::{Packed, Person, Situation};
use serde_json::Value;

use super::fault::{fault, gone, invalid, number};
use super::question::{Asked, Desk};
use super::resident::person_of;
use super::seat::{Beside, Mapper, Scratch, Who, look, look_at};
use crate::layout::whole;

/// As `rules_person` and a call of `rules_suggester`, in one, of which nothing stays.
#[napi(catch_unwind)]
pub(crate) fn rules_suggest_once(
    mapper: &External<Rc<Mapper>>,
    zone: Option<String>,
    traits: Option<String>,
    scores: &[f64],
    factors: &[f64],
    desk: Float64ArraySlice,
    rest: Option<String>,
) -> Result<Option<String>> {
    let person = person_of(&mapper.rules, zone, traits, scores, factors)?;
    suggest(mapper, &person, Desk(desk), rest.as_deref(), |packed| Ok(packed.text.clone()))
}

/// A function of a desk and what JSON goes with the question on it, which answers with suggestions as
/// `persona_rules::Packed` has them: the text is returned if there is any, the numbers are written to the desk. If they
/// do not fit, it begins with -1 and how many they are.
#[napi(
    catch_unwind,
    ts_return_type = "(arg0: Float64Array, arg1?: string | undefined | null) => string | null"
)]
pub(crate) fn rules_suggester<'a>(
    env: &'a Env,
    mapper: &External<Rc<Mapper>>,
) -> Result<Function<'a, FnArgs<(Float64Array, Option<String>)>, Option<napi_value>>> {
    let mapper = Rc::clone(mapper);
    env.create_function_from_closure("suggest", move |call: FunctionCallContext<'_>| {
        let desk = Desk(call.get(0)?);
        let rest: Option<String> = if call.length() > 1 { call.get(1)? } else { None };
        look_at(&mapper, desk.seat(), desk.person(), |person| {
            suggest(&mapper, person, desk, rest.as_deref(), |packed| {
                let text = &packed.text[..];
                // What most are needs no decoding.
                let text = if packed.is_ascii() {
                    call.env.create_string_latin1(text)
                } else {
                    call.env.create_string(text)
                };
                text.map(|text| text.raw())
            })
        })
    })
}

/// A function as that of `rules_suggester`, which writes how many rules fire, and their indexes, ascending.
#[napi(catch_unwind)]
pub(crate) fn rules_finder<'a>(
    env: &'a Env,
    mapper: &External<Rc<Mapper>>,
) -> Result<Function<'a, FnArgs<(Float64Array, Option<String>)>, ()>> {
    let mapper = Rc::clone(mapper);
    env.create_function_from_closure("find", move |call: FunctionCallContext<'_>| {
        let desk = Desk(call.get(0)?);
        let rest: Option<String> = if call.length() > 1 { call.get(1)? } else { None };
        look_at(&mapper, desk.seat(), desk.person(), |person| find(&mapper, person, desk, rest.as_deref()))
    })
}

/// Explains rules, as a JSON list in the order of their indexes here.
#[napi(catch_unwind)]
pub(crate) fn rules_explain(
    beside: &External<Beside>,
    person: f64,
    now: f64,
    ask: &[f64],
    rest: Option<String>,
    rules: &[f64],
) -> Result<String> {
    let asked = Asked::read(&beside.mapper, now, ask, rest.as_deref())?;
    look(beside, person, |person| {
        let mapper = &*beside.mapper;
        asked.with_weights(mapper, |weights| {
            let situation = Situation { person, context: &asked.context, now: asked.now };
            let explain = |&rule: &f64| {
                let rule = number(rule, "rule")?;
                Ok(mapper.rules.explain(situation, weights, rule).map_err(fault)?.to_json())
            };
            let all = rules.iter().map(explain).collect::<Result<Vec<_>>>()?;
            Ok(Value::from(all).to_string())
        })
    })
}

/// Writes pairs of a rule and somebody of a crowd for whom it fires into the room, by rule, then by person; gives how
/// many there are. What does not fit is only counted.
#[napi(catch_unwind)]
pub(crate) fn rules_matches(
    beside: &External<Beside>,
    now: f64,
    ask: &[f64],
    rest: Option<String>,
    mut room: Uint32ArraySlice,
) -> Result<f64> {
    let asked = Asked::read(&beside.mapper, now, ask, rest.as_deref())?;
    let mapper = &*beside.mapper;
    let seats = mapper.seats.borrow();
    let Some(Who::Many(crowd)) = seats.who(beside.seat) else { return Err(gone()) };
    let Scratch { matches, .. } = &mut *mapper.scratch.borrow_mut();
    // SAFETY: as in `question::writable`.
    let (room, _) = unsafe { room.as_mut() }.as_chunks_mut();
    asked.with_weights(mapper, |weights| {
        let moment = (&asked.context, asked.now);
        let count = mapper.rules.evaluate_crowd_into(crowd, moment, weights, matches, room).map_err(fault)?;
        Ok(count as f64)
    })
}

/// Writes the numbers of the answer to the desk, and gives what `text` makes of its text if there is any.
fn suggest<T>(
    mapper: &Mapper,
    person: &Person,
    mut desk: Desk<'_>,
    rest: Option<&str>,
    text: impl FnOnce(&Packed) -> Result<T>,
) -> Result<Option<T>> {
    let limit = desk.head().and_then(|head| whole(head.limit)).ok_or_else(|| invalid("limit"))? as usize;
    let Scratch { evaluation, packed, .. } = &mut *mapper.scratch.borrow_mut();
    let asked = desk.asked(mapper, rest)?;
    asked.with_weights(mapper, |weights| {
        let situation = Situation { person, context: &asked.context, now: asked.now };
        mapper.rules.suggest_packed(situation, weights, limit, evaluation, packed).map_err(fault)
    })?;
    drop(asked);
    desk.answer(packed.numbers.len(), packed.numbers.iter().copied())?;
    if packed.text.is_empty() { Ok(None) } else { text(packed).map(Some) }
}

/// Writes how many rules fire, and which, to the desk.
fn find(mapper: &Mapper, person: &Person, mut desk: Desk<'_>, rest: Option<&str>) -> Result<()> {
    let Scratch { evaluation, .. } = &mut *mapper.scratch.borrow_mut();
    let asked = desk.asked(mapper, rest)?;
    asked.with_weights(mapper, |weights| {
        let situation = Situation { person, context: &asked.context, now: asked.now };
        mapper.rules.evaluate(situation, weights, evaluation).map_err(fault)
    })?;
    drop(asked);
    let fired = &evaluation.fired;
    let numbers = std::iter::once(fired.len() as f64).chain(fired.iter().map(|&rule| f64::from(rule)));
    desk.answer(1 + fired.len(), numbers)
}
