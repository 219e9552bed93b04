//! The index against a plain interpreter, on random documents, persons, contexts and moments.
//!
//! `PERSONA_RULES_CASES` sets how many cases there are (10 000 if it does not), `PERSONA_RULES_SEED` where they start.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test, also outside of #[test]"
)]

mod cases;
mod crowds;
mod flips;
mod oracle;
mod rng;

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

use oracle::World;
use persona_rules::{Evaluation, Finding, Group, Limits, Packed, Person, RuleSet, Situation};
use rng::Rng;
use serde_json::{Map, Value};

/// How many situations each document is asked about, one change after the other.
const SITUATIONS: usize = 12;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn the_index_agrees_with_the_interpreter() {
    let seed = setting("PERSONA_RULES_SEED", 1);
    let documents = setting("PERSONA_RULES_CASES", 10_000).div_ceil(SITUATIONS as u64);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut all = Outcome::default();
    thread::scope(|scope| {
        let work = |nth| {
            let seeds = (seed..seed + documents).skip(nth).step_by(threads);
            scope.spawn(|| compare_all(seeds))
        };
        let workers: Vec<_> = (0..threads).map(work).collect();
        for worker in workers {
            all.add(&worker.join().unwrap_or_else(|failure| resume_unwind(failure)));
        }
    });
    let Outcome { rules, fired, suggested, flipped } = all;
    // A vocabulary that never meets would prove nothing.
    assert!(fired > documents && rules - fired > documents && suggested > documents && flipped > documents);
}

fn compare_all(seeds: impl Iterator<Item = u64>) -> Outcome {
    let mut all = Outcome::default();
    for seed in seeds {
        let mut stage = Stage::new(seed);
        for step in 0..SITUATIONS {
            stage.change();
            all.add(&stage.compare(&format!("seed {seed}, step {step}")));
        }
    }
    all
}

/// What makes the outcome what is `wanted`, if it is that: all checks that turned out as their rule needs them.
fn reasons(outcome: &persona_rules::Outcome, wanted: bool) -> Vec<Finding> {
    if outcome.holds() != wanted {
        return Vec::new();
    }
    match outcome {
        persona_rules::Outcome::Check(finding) => vec![finding.clone()],
        persona_rules::Outcome::Group { kind, children, .. } => {
            let inner = wanted != (*kind == Group::Not);
            children.iter().flat_map(|child| reasons(child, inner)).collect()
        }
    }
}

#[derive(Default)]
struct Outcome {
    rules: u64,
    fired: u64,
    suggested: u64,
    flipped: u64,
}

impl Outcome {
    fn add(&mut self, other: &Self) {
        self.rules += other.rules;
        self.fired += other.fired;
        self.suggested += other.suggested;
        self.flipped += other.flipped;
    }
}

struct Stage {
    rng: Rng,
    document: Value,
    rules: RuleSet,
    person: Person,
    world: World,
    evaluation: Evaluation,
    packed: Packed,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut rng = Rng(seed);
        let document = cases::document(&mut rng);
        let rules = RuleSet::compile(&document.to_string(), Limits::default())
            .unwrap_or_else(|faults| panic!("seed {seed}: {faults:?}\n{document:#}"));
        let person = rules.person();
        let world = World {
            traits: Map::new(),
            context: Map::new(),
            scores: HashMap::new(),
            zone: "UTC".to_owned(),
            now: 0,
        };
        Self {
            rng,
            document,
            rules,
            person,
            world,
            evaluation: Evaluation::default(),
            packed: Packed::default(),
        }
    }

    /// Some time passes, and something is learned or forgotten.
    fn change(&mut self) {
        let Self { rng, rules, person, world, .. } = self;
        world.now = cases::moment(rng);
        world.context = cases::context(rng, world.now);
        for _ in 0..rng.below(5) {
            let path = *rng.pick(&cases::TRAITS);
            let value = rng.chance(75).then(|| cases::value(rng, world.now));
            person.set_trait(rules, path, value.clone()).unwrap();
            match value {
                Some(value) => _ = world.traits.insert(path.to_owned(), value),
                None => _ = world.traits.remove(path),
            }
        }
        if rng.chance(30) {
            let zone = *rng.pick(&cases::ZONES);
            person.set_zone(zone).unwrap();
            zone.clone_into(&mut world.zone);
        }
        if rng.chance(40) {
            let query = *rng.pick(&cases::QUERIES);
            let score = rng.chance(75).then(|| *rng.pick(&[0.0, 0.2, 0.5, 0.69, 0.7, 1.0]));
            for (index, narrative) in rules.narratives().iter().enumerate() {
                if narrative.query == query {
                    person.set_score(rules, index, score).unwrap();
                }
            }
            match score {
                Some(score) => _ = world.scores.insert(query.to_owned(), score),
                None => _ = world.scores.remove(query),
            }
        }
    }

    fn compare(&mut self, case: &str) -> Outcome {
        let Self { rng, document, rules, person, world, evaluation, packed } = self;
        let definitions = document["rules"].as_array().unwrap();
        let mut weights = rules.weights();
        let mut plain: Vec<f64> = definitions.iter().map(|rule| rule["weight"].as_f64().unwrap()).collect();
        let changed = rng.below(plain.len());
        plain[changed] = *rng.pick(&[0.0, 0.25, 3.0]);
        weights.set(changed as u32, plain[changed]).unwrap();

        let context = rules.context(&world.context);
        let situation = Situation { person, context: &context, now: world.now };
        let limit = *rng.pick(&[0, 1, 5, 1_000]);
        let answer = rules.suggest(situation, &weights, limit, evaluation).unwrap();

        let expected: Vec<u32> = (0..)
            .zip(definitions)
            .filter(|(rule, definition)| world.fires(definition, plain[*rule as usize]))
            .map(|(rule, _)| rule)
            .collect();
        assert_eq!(evaluation.fired, expected, "{case}\n{document:#}");

        rules.suggest_packed(situation, &weights, limit, evaluation, packed).unwrap();
        let lengths = [answer.suggestions.len() as f64, answer.faults.len() as f64];
        assert_eq!(packed.numbers[..2], lengths, "{case}");
        for text in answer.suggestions.iter().flat_map(|one| [&one.title, &one.description]) {
            assert!(packed.text.contains(&text[..]) || text == "P" || text == "{plain}", "{case}: {text}");
        }

        let (suggestions, faults) = world.suggest(document, &plain, limit);
        let given: Vec<oracle::Suggestion> = answer
            .suggestions
            .iter()
            .map(|one| {
                let (parameters, metadata) = (one.parameters.clone().into(), one.metadata.clone().into());
                let priority = one.priority.as_str().to_owned();
                let (rule, action) = (one.rule as usize, one.action as usize);
                (rule, action, one.title.clone(), one.description.clone(), priority, parameters, metadata)
            })
            .collect();
        assert_eq!(given, suggestions, "{case}");
        let given: Vec<_> = answer
            .faults
            .iter()
            .map(|fault| (fault.rule as usize, fault.action as usize, fault.parameter.clone()))
            .collect();
        assert_eq!(given, faults, "{case}");

        for one in &answer.suggestions {
            let explanation = rules.explain(situation, &weights, one.rule).unwrap();
            assert_eq!(one.because, reasons(&explanation.outcome, true), "{case}, rule {}", one.rule);
        }

        let rule = rng.below(plain.len()) as u32;
        let explanation = rules.explain(situation, &weights, rule).unwrap();
        assert_eq!(explanation.fires, expected.contains(&rule), "{case}, rule {rule}");
        let flipped = flips::check(&explanation.outcome, document, world, case);
        Outcome {
            rules: definitions.len() as u64,
            fired: expected.len() as u64,
            suggested: suggestions.len() as u64,
            flipped,
        }
    }
}
