//! From JSON to a document, or to every fault that it has.

mod action;
mod check;
mod condition;
mod json;
mod node;
mod pointer;

use std::collections::{HashMap, HashSet};

use node::{Node, Progress};

use crate::document::{Document, Metadata, Priority, Rule, TemplateIds};
use crate::fault::{DocumentFault, FaultCode};
use crate::limits::Limits;
use crate::path::Paths;
use crate::template::{Template, Text};

/// Reads the whole document; one fault hides no other, unless the text cannot be read at all.
pub(crate) fn parse(text: &str, limits: Limits) -> Result<Document, Vec<DocumentFault>> {
    let whole = |code, message| vec![DocumentFault { path: String::new(), code, message }];
    if text.len() > limits.bytes {
        let message = format!("the document may be {} bytes long, not {}", limits.bytes, text.len());
        return Err(whole(FaultCode::TooLarge, message));
    }
    let progress = Progress::default();
    let value = json::read(text, &progress.faults)
        .map_err(|error| whole(FaultCode::Syntax, format!("the document must be JSON: {error}")))?;
    let document = document(&Node::root(&value, &progress), limits);
    let Progress { faults, traits, fields, .. } = progress;
    let mut faults = faults.into_inner();
    if faults.is_empty()
        && let Some(document) = document
    {
        return Ok(Document { traits: traits.into_inner(), fields: fields.into_inner(), ..document });
    }
    // What has the wrong type is told once, though several readers refuse it.
    let mut seen = HashSet::new();
    faults.retain(|fault| seen.insert((fault.path.clone(), fault.message.clone())));
    Err(faults)
}

fn document(root: &Node<'_>, limits: Limits) -> Option<Document> {
    root.object()?;
    root.only(&["metadata", "required_traits", "trait_mappings", "rules", "templates", "feedback_settings"]);
    let id = root.need("metadata").and_then(|metadata| metadata_of(&metadata));
    let required_traits =
        root.get("required_traits").map_or(Some(Vec::new()), |traits| optional(&traits, node::path));
    if let Some(mappings) = root.get("trait_mappings") {
        mappings.fields(|_, traits| _ = optional(traits, node::path));
    }
    if let Some(settings) = root.get("feedback_settings") {
        feedback_settings(&settings);
    }
    let mut ids = TemplateIds::new();
    let mut templates = Vec::new();
    if let Some(node) = root.need("templates") {
        node.fields(|id, template| {
            ids.insert(id.to_owned(), templates.len());
            templates.push(template_of(template));
        });
    }
    let known = action::Known { ids: &ids, templates: &templates };
    let rules = root.need("rules").and_then(|rules| rules_of(&rules, &known, limits));
    let templates = templates.into_iter().collect::<Option<Vec<_>>>();
    Some(Document {
        id: id?,
        required_traits: required_traits?,
        rules: rules?,
        templates: templates?,
        // Known once everything is read.
        traits: Paths::default(),
        fields: Paths::default(),
    })
}

/// A list that may be empty.
fn optional<T>(list: &Node<'_>, read: impl FnMut(&Node<'_>) -> Option<T>) -> Option<Vec<T>> {
    if list.value.as_array().is_some_and(Vec::is_empty) { Some(Vec::new()) } else { list.items(read) }
}

/// Other keys are the author's.
fn metadata_of(node: &Node<'_>) -> Option<String> {
    let id = node.need("id").and_then(|id| id.text());
    if let Some(version) = node.need("version")
        && !version.value.is_number()
    {
        version.text();
    }
    node.need("description").and_then(|description| description.text());
    if let Some(hours) = node.get("default_ttl_hours") {
        hours.number_from(0.0);
    }
    id.map(str::to_owned)
}

/// Other keys are for whoever adjusts the weights.
fn feedback_settings(node: &Node<'_>) {
    node.object();
    for (key, min) in
        [("negative_threshold", 1.0), ("negative_window_days", 0.0), ("positive_adjustment", 0.0)]
    {
        if let Some(number) = node.get(key) {
            number.number_from(min);
        }
    }
    if let Some(number) = node.get("negative_adjustment") {
        number.number_in(-1.0, 0.0);
    }
    let bound = |key, default| node.get(key).map_or(Some(default), |bound| bound.number_from(0.0));
    if let (Some(min), Some(max)) = (bound("min_weight", 0.1), bound("max_weight", 2.0))
        && min > max
    {
        node.fault(FaultCode::OutOfRange, "min_weight must not be above max_weight");
    }
}

fn template_of(node: &Node<'_>) -> Option<Template> {
    node.object()?;
    node.only(&["title", "description", "priority", "metadata"]);
    let text = |key| {
        let node = node.need(key)?;
        Text::parse(node.text()?).map_err(|message| node.fault(FaultCode::BadTemplate, message)).ok()
    };
    let (title, description) = (text("title"), text("description"));
    let priority = node.get("priority").map_or(Some(Priority::Medium), |priority| priority_of(&priority));
    let metadata = node.get("metadata").map_or(Some(Metadata::new()), |metadata| metadata.object().cloned());
    Some(Template { title: title?, description: description?, priority: priority?, metadata: metadata? })
}

fn priority_of(node: &Node<'_>) -> Option<Priority> {
    let name = node.text()?;
    let known = [Priority::High, Priority::Medium, Priority::Low];
    let priority = known.into_iter().find(|priority| priority.as_str() == name);
    if priority.is_none() {
        node.fault(FaultCode::UnknownWord, "the priorities are high, medium and low");
    }
    priority
}

fn rules_of(node: &Node<'_>, known: &action::Known<'_>, limits: Limits) -> Option<Vec<Rule>> {
    if node.value.as_array().is_some_and(|rules| rules.len() > limits.rules) {
        node.fault(FaultCode::TooMany, format!("a document may have {} rules", limits.rules));
        return None;
    }
    let mut first_of: HashMap<String, String> = HashMap::new();
    node.items(|rule| {
        let read = rule_of(rule, known);
        if let Some(id) = rule.get("id")
            && let Some(text) = id.value.as_str()
        {
            match first_of.get(text) {
                Some(first) => id.fault(FaultCode::DuplicateId, format!("{first} has this id already")),
                None => _ = first_of.insert(text.to_owned(), rule.pointer()),
            }
        }
        read
    })
}

fn rule_of(node: &Node<'_>, known: &action::Known<'_>) -> Option<Rule> {
    node.object()?;
    node.only(&["id", "name", "description", "metadata", "conditions", "actions", "weight"]);
    let id = node.need("id").and_then(|id| id.text());
    let condition = node.need("conditions").and_then(|condition| condition::parse(&condition, 0));
    let actions = node.need("actions").and_then(|list| list.items(|action| action::parse(action, known)));
    let weight = node.get("weight").map_or(Some(1.0), |weight| weight.number_from(0.0));
    Some(Rule { id: id?.to_owned(), condition: condition?, actions: actions?, weight: weight? })
}
