//! Conditions in both dialects: `{all: [..]}` and `{type: all, conditions: [..]}`.

use super::check;
use super::node::Node;
use crate::document::{Check, Condition, Group};
use crate::fault::FaultCode;
use crate::limits::MAX_DEPTH;

const GROUPS: [(&str, Group); 3] = [("all", Group::All), ("any", Group::Any), ("not", Group::Not)];
const CHECKS: [&str; 4] = ["trait_check", "context_check", "time_check", "narrative_check"];

/// Reads a condition that lies within `depth` groups.
pub(super) fn parse(node: &Node<'_>, depth: usize) -> Option<Condition> {
    let fields = node.object()?;
    match fields.get("type") {
        Some(_) => typed(node, depth),
        None => short(node, depth),
    }
}

fn typed(node: &Node<'_>, depth: usize) -> Option<Condition> {
    let kind = node.get("type")?;
    match kind.text()? {
        "single" => {
            let Some(conditions) = node.get("conditions") else {
                return the_check(node, &["type"]);
            };
            node.only(&["type", "conditions"]);
            let mut only = conditions.items(|child| parse(child, depth))?;
            if only.len() == 1 {
                return only.pop();
            }
            conditions.fault(FaultCode::UnknownKey, "`single` has one condition; use all or any for more");
            None
        }
        name => match GROUPS.iter().find(|(known, _)| *known == name) {
            Some(&(_, group)) => {
                node.only(&["type", "conditions"]);
                children(node, &node.need("conditions")?, group, depth)
            }
            None if CHECKS.contains(&name) => {
                kind.fault(FaultCode::UnknownKey, format!("write the check as {{\"{name}\": {{..}}}}"));
                None
            }
            None => {
                kind.fault(FaultCode::UnknownWord, "the types are all, any, not and single");
                None
            }
        },
    }
}

fn short(node: &Node<'_>, depth: usize) -> Option<Condition> {
    let groups: Vec<_> =
        GROUPS.iter().filter_map(|&(name, group)| Some((node.get(name)?, name, group))).collect();
    match &groups[..] {
        [] => the_check(node, &[]),
        [(list, name, group)] => {
            node.only(&[name]);
            children(node, list, *group, depth)
        }
        _ => {
            node.fault(FaultCode::UnknownKey, "one of all, any and not; nest them to combine them");
            None
        }
    }
}

fn children(node: &Node<'_>, list: &Node<'_>, kind: Group, depth: usize) -> Option<Condition> {
    if depth == MAX_DEPTH {
        let message = format!("conditions may be nested {MAX_DEPTH} deep; make two rules of this one");
        node.fault(FaultCode::TooDeep, message);
        return None;
    }
    // Only `not` makes sense around one condition without a list.
    let children = if kind == Group::Not && list.value.is_object() {
        vec![parse(list, depth + 1)?]
    } else {
        list.items(|child| parse(child, depth + 1))?
    };
    Some(Condition::Group { kind, pointer: node.pointer(), children })
}

/// The one check of a node whose other keys are `beside`.
fn the_check(node: &Node<'_>, beside: &[&str]) -> Option<Condition> {
    let present: Vec<_> = CHECKS.iter().filter_map(|name| Some((*name, node.get(name)?))).collect();
    let [(name, check)] = &present[..] else {
        let message = format!("a condition is one of all, any, not, {}", CHECKS.join(", "));
        node.fault(FaultCode::UnknownKey, message);
        return None;
    };
    node.only(&[beside, &[*name]].concat());
    let kind = check::parse(name, check)?;
    Some(Condition::Check(Check { pointer: check.pointer(), kind }))
}
