//! What a rule does when it fires.

use std::collections::HashMap;

use serde_json::Value;

use super::node::{self, Node};
use crate::document::{Action, Source, TemplateIds, Transform};
use crate::fault::FaultCode;
use crate::render;
use crate::template::{Template, Text};

/// The templates by id, and those whose texts could not be read, about which nothing more is said.
pub(super) struct Known<'a> {
    pub(super) ids: &'a TemplateIds,
    pub(super) templates: &'a [Option<Template>],
}

pub(super) fn parse(node: &Node<'_>, known: &Known<'_>) -> Option<Action> {
    node.object()?;
    node.only(&["type", "generate_suggestion"]);
    if let Some(kind) = node.get("type")
        && kind.text()? != "generate_suggestion"
    {
        kind.fault(FaultCode::UnknownWord, "the only action is generate_suggestion");
        return None;
    }
    let suggestion = node.need("generate_suggestion")?;
    suggestion.object()?;
    suggestion.only(&["type", "template", "parameters"]);
    let kind = suggestion.need("type").and_then(|kind| kind.text());
    let template = suggestion.need("template").and_then(|template| template_of(&template, known));
    let parameters = suggestion.get("parameters");
    let names = |name: &str| parameters.is_some_and(|given| given.get(name).is_some());
    let texts = template.and_then(|index| known.templates[index].as_ref());
    if let Some(template) = texts {
        placeholders(parameters.as_ref().unwrap_or(&suggestion), template, names);
    }
    let parameters = parameters.as_ref().map_or(Some(Vec::new()), parameters_of)?;
    let Template { title, description, .. } = texts?;
    let (title, description) = (places(title, &parameters)?, places(description, &parameters)?);
    Some(Action { kind: kind?.to_owned(), template: template?, parameters, title, description })
}

fn template_of(node: &Node<'_>, known: &Known<'_>) -> Option<usize> {
    let index = known.ids.get(node.text()?);
    if index.is_none() {
        node.fault(FaultCode::UnknownTemplate, "no template has this id");
    }
    index.copied()
}

fn placeholders(place: &Node<'_>, template: &Template, given: impl Fn(&str) -> bool) {
    let asked = template.title.names().iter().chain(template.description.names());
    let mut unknown: Vec<_> = asked.filter(|name| !given(name)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    for name in unknown {
        place.fault(FaultCode::UnknownPlaceholder, format!("the template asks for {{{name}}}: give it here"));
    }
}

/// For each name that the text asks for, its place among the parameters.
fn places(text: &Text, parameters: &[(String, Source)]) -> Option<Box<[usize]>> {
    let places: HashMap<&str, usize> =
        parameters.iter().enumerate().map(|(place, (name, _))| (&name[..], place)).collect();
    text.names().iter().map(|name| places.get(&name[..]).copied()).collect()
}

fn parameters_of(node: &Node<'_>) -> Option<Vec<(String, Source)>> {
    node.object()?;
    let mut read = Vec::new();
    node.fields(|name, source| read.push(source_of(source).map(|source| (name.to_owned(), source))));
    read.into_iter().collect()
}

fn source_of(node: &Node<'_>) -> Option<Source> {
    match node.value {
        Value::Null => {
            node.fault(
                FaultCode::WrongType,
                "a text, a number, true, false, a list or a source is needed here",
            );
            None
        }
        Value::Object(_) => read(node),
        literal => Some(Source::Literal(literal.clone())),
    }
}

fn read(node: &Node<'_>) -> Option<Source> {
    node.only(&["from_trait", "from_context", "default", "transform"]);
    let transform = node.get("transform").map_or(Some(None), |name| transform_of(&name).map(Some));
    let default = node.get("default").map(|default| {
        let usable = match transform {
            Some(Some(transform)) => render::transformed(default.value, transform).is_some(),
            _ => !default.value.is_null(),
        };
        if !usable {
            default.fault(FaultCode::WrongType, "the default must be a value that the transform takes");
        }
        default.value.clone()
    });
    let subject = match (node.get("from_trait"), node.get("from_context")) {
        (Some(path), None) => node::trait_path(&path)?,
        (None, Some(field)) => node::field_path(&field)?,
        (None, None) => {
            node.fault(FaultCode::Missing, "`from_trait` or `from_context` is needed here");
            return None;
        }
        (Some(_), Some(_)) => {
            node.fault(FaultCode::UnknownKey, "either `from_trait` or `from_context`");
            return None;
        }
    };
    Some(Source::Read { subject, default, transform: transform? })
}

fn transform_of(node: &Node<'_>) -> Option<Transform> {
    Some(match node.text()? {
        "minutes_to_hours" => Transform::MinutesToHours,
        "capitalize" => Transform::Capitalize,
        "lower" => Transform::Lower,
        _ => {
            let message = "the transforms are minutes_to_hours, capitalize and lower";
            node.fault(FaultCode::UnknownTransform, message);
            return None;
        }
    })
}
