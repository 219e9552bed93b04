//! Who is resident beside a document, and what is known of them.

use std::borrow::Cow;
use std::rc::Rc;

use napi::bindgen_prelude::{External, FnArgs, Function, FunctionCallContext};
use napi::{Env, Error, Result, Status as Code};
use napi_derive::napi;
use persona_rules::{Person, RuleSet};
use serde_json::{Map, Number, Value};

use super::fault::{fault, invalid, number};
use super::question::{pairs_of, value_of};
use super::seat::{Beside, Mapper, Who, change, change_at};

/// About what a person takes beside the bits for each rule and each check.
const BYTES_OF_A_PERSON: usize = 1_024;

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

fn set_key(rules: &RuleSet, who: &mut Who, person: f64, key: u32, value: Option<Value>) -> Result<()> {
    match who {
        Who::One(person) => person.set_key(rules, key, value),
        Who::Many(crowd) => crowd.set_key(rules, number(person, "person")?, key, value),
    }
    .map_err(fault)
}

pub(super) fn person_of(
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
