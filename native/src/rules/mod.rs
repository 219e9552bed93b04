//! Compiled mapper documents, and who is resident beside them, on the JavaScript thread of one environment.
//!
//! A document is a handle, a person beside it another, a crowd a third; each lives as long as something holds it, and
//! persons hold their document. Nothing is global, so that worker threads share nothing. A call during which the core
//! panics becomes an error of that call; the person or crowd that it changed is gone, and every further call says so.
//!
//! What is called for every trait and every question (`rules_learner`, `rules_suggester`, `rules_finder`) is a closure
//! over the document that takes numbers: binding the arguments of a function to handles costs several times as much.
//!
//! - `seat`: who is beside a document, and how a call reaches them.
//! - `question`: questions as JavaScript lays them, and the place of the answers.
//! - `fault`: what is wrong with a call.

#![expect(clippy::needless_pass_by_value, reason = "texts cross the boundary by value")]
#![expect(
    clippy::type_complexity,
    reason = "what generates the types of TypeScript reads them where they stand"
)]

mod fault;
mod question;
mod seat;

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::{
    Either, External, Float64Array, Float64ArraySlice, FnArgs, Function, FunctionCallContext,
    Uint32ArraySlice,
};
use napi::sys::napi_value;
use napi::{Env, Error, JsValue, Result, Status as Code};
use napi_derive::napi;
use persona_rules::{DocumentFault, Limits, Packed, Person, RuleSet, Situation};
use serde_json::{Map, Number, Value, json};

use self::fault::{fault, gone, invalid, number};
use self::question::{Asked, Desk, changed, pairs_of, value_of};
use self::seat::{Beside, Mapper, Scratch, Who, change, change_at, look, look_at};
use crate::layout::whole;

/// About what a person takes beside the bits for each rule and each check.
const BYTES_OF_A_PERSON: usize = 1_024;

/// Compiles a document; gives its faults as JSON (`[{field, code, message}]`) if it has any.
#[napi(catch_unwind)]
pub(crate) fn rules_compile(
    document: String,
    max_bytes: f64,
    max_rules: f64,
) -> Result<Either<External<Rc<Mapper>>, String>> {
    let limits = Limits {
        bytes: whole(max_bytes).ok_or_else(|| invalid("bytes"))? as usize,
        rules: whole(max_rules).ok_or_else(|| invalid("rules"))? as usize,
    };
    Ok(match RuleSet::compile(&document, limits) {
        Ok(rules) => {
            let weights = RefCell::new(rules.weights());
            let (scratch, seats) = (RefCell::default(), RefCell::default());
            Either::A(External::new(Rc::new(Mapper { rules, weights, scratch, seats })))
        }
        Err(faults) => Either::B(faults.iter().map(fault_json).collect::<Value>().to_string()),
    })
}

/// What a document is about, as JSON: `{id, rules, traits, keys, required, queries, fields, words}`.
#[napi(catch_unwind)]
pub(crate) fn rules_about(mapper: &External<Rc<Mapper>>) -> String {
    let rules = &mapper.rules;
    let ids: Vec<_> = (0..rules.rule_count()).filter_map(|rule| rules.rule_id(rule)).collect();
    let mut queries: Vec<_> = rules
        .narratives()
        .iter()
        .map(|asked| (json!({"query": asked.query, "limit": asked.limit, "types": asked.types}), Vec::new()))
        .collect();
    for (rule, id) in (0..).zip(&ids) {
        for (query, threshold) in rules.narrative_checks(rule).unwrap_or_default() {
            queries[query].1.push(json!({"rule": id, "threshold": threshold}));
        }
    }
    let queries: Vec<_> = queries
        .into_iter()
        .map(|(mut query, checks)| {
            query["checks"] = checks.into();
            query
        })
        .collect();
    json!({
        "id": rules.id(),
        "rules": ids,
        "traits": rules.traits(),
        "keys": rules.trait_keys(),
        "required": rules.required_traits(),
        "queries": queries,
        "fields": rules.fields(),
        "words": rules.words().collect::<Vec<_>>(),
    })
    .to_string()
}

/// What never changes of a rule, as JSON.
#[napi(catch_unwind)]
pub(crate) fn rules_sheet(mapper: &External<Rc<Mapper>>, rule: f64) -> Result<String> {
    let sheet = mapper.rules.sheet(number(rule, "rule")?).ok_or_else(|| invalid("rule"))?;
    Ok(sheet.to_string())
}

/// The shared weight of a rule.
#[napi(catch_unwind)]
pub(crate) fn rules_weight(mapper: &External<Rc<Mapper>>, rule: f64) -> Result<f64> {
    mapper.weights.borrow().get(number(rule, "rule")?).map_err(fault)
}

/// Sets shared weights, all of them or none: pairs of a rule and its weight.
#[napi(catch_unwind)]
pub(crate) fn rules_set_weights(mapper: &External<Rc<Mapper>>, pairs: &[f64]) -> Result<()> {
    let weights = changed(&mapper.weights.borrow(), pairs)?;
    *mapper.weights.borrow_mut() = weights;
    Ok(())
}

/// A person with what is known: a zone, traits as a JSON object by key, scores by query (`NaN` for none), pairs of a
/// rule and a personal factor.
#[napi(catch_unwind)]
pub(crate) fn rules_person(
    mapper: &External<Rc<Mapper>>,
    zone: Option<String>,
    traits: Option<String>,
    scores: &[f64],
    factors: &[f64],
) -> Result<External<Beside>> {
    let person = person_of(&mapper.rules, zone, traits, scores, factors)?;
    // The garbage collector must know that it is worth while to look for those whom nothing holds any more.
    let bytes = BYTES_OF_A_PERSON + mapper.rules.rule_count() as usize / 4;
    Ok(External::new_with_size_hint(Beside::new(mapper, Who::One(person)), bytes))
}

/// As `rules_person` and `rules_suggest`, in one call, of which nothing stays.
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

/// A crowd without anybody.
#[napi(catch_unwind)]
pub(crate) fn rules_crowd(mapper: &External<Rc<Mapper>>) -> External<Beside> {
    let crowd = mapper.rules.crowd();
    External::new(Beside::new(mapper, Who::Many(crowd)))
}

/// Lets the memory go; every later call on the handle is an error.
#[napi(catch_unwind)]
pub(crate) fn rules_free(beside: &External<Beside>) {
    if let Ok(mut seats) = beside.mapper.seats.try_borrow_mut() {
        seats.taken[beside.seat].who = None;
    }
}

/// The number of the seat, which the closures take.
#[napi(catch_unwind)]
pub(crate) fn rules_seat(beside: &External<Beside>) -> f64 {
    beside.seat as f64
}

/// Adds somebody to a crowd; gives the number that further calls take.
#[napi(catch_unwind)]
pub(crate) fn rules_join(beside: &External<Beside>) -> Result<f64> {
    change(beside, |rules, who| match who {
        Who::Many(crowd) => crowd.add(rules).map(f64::from).map_err(fault),
        Who::One(_) => Err(invalid("crowd")),
    })
}

/// Lets somebody of a crowd go.
#[napi(catch_unwind)]
pub(crate) fn rules_leave(beside: &External<Beside>, person: f64) -> Result<()> {
    change(beside, |rules, who| match who {
        Who::Many(crowd) => crowd.remove(rules, number(person, "person")?).map_err(fault),
        Who::One(_) => Err(invalid("crowd")),
    })
}

/// Sets the time zone of a person.
#[napi(catch_unwind)]
pub(crate) fn rules_zone(beside: &External<Beside>, person: f64, name: String) -> Result<()> {
    change(beside, |rules, who| {
        match who {
            Who::One(person) => person.set_zone(&name),
            Who::Many(crowd) => crowd.set_zone(rules, number(person, "person")?, &name),
        }
        .map_err(fault)
    })
}

/// A function of a seat, a person, a key and a number, which sets that person's trait to the number.
#[napi(catch_unwind)]
pub(crate) fn rules_learner<'a>(
    env: &'a Env,
    mapper: &External<Rc<Mapper>>,
) -> Result<Function<'a, FnArgs<(f64, f64, f64, f64)>, ()>> {
    let mapper = Rc::clone(mapper);
    env.create_function_from_closure("learn", move |call: FunctionCallContext<'_>| {
        let seat: f64 = call.get(0)?;
        let (person, key, value) = (call.get(1)?, number(call.get(2)?, "key")?, call.get(3)?);
        let value = Number::from_f64(value).map(Value::Number).ok_or_else(|| invalid("value"))?;
        change_at(&mapper, seat as usize, |rules, who| set_key(rules, who, person, key, Some(value)))
    })
}

/// Sets the trait of a key: a value as the context's fields are packed, JSON in `json`.
#[napi(catch_unwind)]
pub(crate) fn rules_set(
    beside: &External<Beside>,
    person: f64,
    key: f64,
    kind: f64,
    payload: f64,
    json: Option<String>,
) -> Result<()> {
    let key = number(key, "key")?;
    change(beside, |rules, who| {
        let parse = || json.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let value = value_of(rules, (kind, payload), parse)?;
        set_key(rules, who, person, key, value.map(Cow::into_owned))
    })
}

/// Sets traits: an object of values by key, as JSON. Those that nothing reads are passed over.
#[napi(catch_unwind)]
pub(crate) fn rules_set_all(beside: &External<Beside>, person: f64, traits: String) -> Result<()> {
    let traits = traits_of(&traits)?;
    change(beside, |rules, who| {
        for (path, value) in traits {
            match who {
                Who::One(person) => person.set_trait(rules, &path, Some(value)),
                Who::Many(crowd) => crowd.set_trait(rules, number(person, "person")?, &path, Some(value)),
            }
            .map_err(fault)?;
        }
        Ok(())
    })
}

/// Sets the best score of a narrative query; `NaN` removes it.
#[napi(catch_unwind)]
pub(crate) fn rules_score(beside: &External<Beside>, person: f64, query: f64, score: f64) -> Result<()> {
    let query = number(query, "query")? as usize;
    let score = (!score.is_nan()).then_some(score);
    change(beside, |rules, who| {
        match who {
            Who::One(person) => person.set_score(rules, query, score),
            Who::Many(crowd) => crowd.set_score(rules, number(person, "person")?, query, score),
        }
        .map_err(fault)
    })
}

/// Sets personal factors: pairs of a rule and its factor.
#[napi(catch_unwind)]
pub(crate) fn rules_factors(beside: &External<Beside>, person: f64, pairs: &[f64]) -> Result<()> {
    change(beside, |rules, who| {
        for (rule, factor) in pairs_of(pairs) {
            let rule = number(rule, "rule")?;
            match who {
                Who::One(person) => person.set_factor(rules, rule, factor),
                Who::Many(crowd) => crowd.set_factor(rules, number(person, "person")?, rule, factor),
            }
            .map_err(fault)?;
        }
        Ok(())
    })
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
    // SAFETY: as in `writable`.
    let (room, _) = unsafe { room.as_mut() }.as_chunks_mut();
    asked.with_weights(mapper, |weights| {
        let moment = (&asked.context, asked.now);
        let count = mapper.rules.evaluate_crowd_into(crowd, moment, weights, matches, room).map_err(fault)?;
        Ok(count as f64)
    })
}

fn person_of(
    rules: &RuleSet,
    zone: Option<String>,
    traits: Option<String>,
    scores: &[f64],
    factors: &[f64],
) -> Result<Person> {
    let mut person = rules.person();
    if let Some(zone) = zone {
        person.set_zone(&zone).map_err(fault)?;
    }
    for (path, value) in traits_of(traits.as_deref().unwrap_or("{}"))? {
        person.set_trait(rules, &path, Some(value)).map_err(fault)?;
    }
    for (query, &score) in scores.iter().enumerate().filter(|(_, score)| !score.is_nan()) {
        person.set_score(rules, query, Some(score)).map_err(fault)?;
    }
    for (rule, factor) in pairs_of(factors) {
        person.set_factor(rules, number(rule, "rule")?, factor).map_err(fault)?;
    }
    Ok(person)
}

fn traits_of(json: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(json).map_err(|_| Error::new(Code::InvalidArg, "traits: must be a JSON object"))
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

fn set_key(rules: &RuleSet, who: &mut Who, person: f64, key: u32, value: Option<Value>) -> Result<()> {
    match who {
        Who::One(person) => person.set_key(rules, key, value),
        Who::Many(crowd) => crowd.set_key(rules, number(person, "person")?, key, value),
    }
    .map_err(fault)
}

fn fault_json(fault: &DocumentFault) -> Value {
    json!({"field": fault.path, "code": fault.code.as_str(), "message": fault.message})
}
