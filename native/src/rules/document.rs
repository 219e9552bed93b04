//! Documents: compiling them, what is in them, and the weights of their rules.

use std::cell::RefCell;
use std::rc::Rc;

use napi::Result;
use napi::bindgen_prelude::{Either, External};
use napi_derive::napi;
use persona_rules::{DocumentFault, Limits, RuleSet};
use serde_json::{Value, json};

use super::fault::{fault, invalid, number};
use super::question::changed;
use super::seat::Mapper;
use crate::layout::whole;

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

fn fault_json(fault: &DocumentFault) -> Value {
    json!({"field": fault.path, "code": fault.code.as_str(), "message": fault.message})
}
