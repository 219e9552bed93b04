//! A crowd against each of its persons alone.

use persona_rules::{Crowd, Evaluation, Fault, Limits, Matches, RuleSet, Situation};

use crate::cases;
use crate::rng::Rng;

const ROUNDS: usize = 6;

#[test]
fn a_crowd_fires_what_each_of_its_persons_fires() {
    let seed = crate::setting("PERSONA_RULES_SEED", 1);
    let documents = crate::setting("PERSONA_RULES_CASES", 10_000).div_ceil(500);
    let (mut pairs, mut silent) = (0, 0);
    for seed in seed..seed + documents {
        let mut rng = Rng(seed);
        let document = cases::document(&mut rng);
        let rules = RuleSet::compile(&document.to_string(), Limits::default()).unwrap();
        let mut crowd = rules.crowd();
        let mut members = Vec::new();
        let mut matches = Matches::default();
        for round in 0..ROUNDS {
            change(&mut rng, &rules, &mut crowd, &mut members);
            let now = cases::moment(&mut rng);
            let context = cases::context(&mut rng, now);
            let context = rules.context(&context);
            let mut weights = rules.weights();
            weights.set(rng.below(rules.rule_count() as usize) as u32, *rng.pick(&[0.0, 2.0])).unwrap();

            rules.evaluate_crowd(&crowd, &context, now, &weights, &mut matches).unwrap();

            let mut expected = Vec::new();
            let mut evaluation = Evaluation::default();
            for &member in &members {
                let person = crowd.person(member).unwrap();
                rules
                    .evaluate(Situation { person, context: &context, now }, &weights, &mut evaluation)
                    .unwrap();
                expected.extend(evaluation.fired.iter().map(|&rule| [rule, member]));
            }
            expected.sort_unstable();
            assert_eq!(matches.pairs, expected, "seed {seed}, round {round}\n{document:#}");
            // The same into too little room, and into enough.
            for room in [expected.len() / 2, expected.len() + 70] {
                let mut place = vec![[u32::MAX; 2]; room];
                let moment = (&context, now);
                let count =
                    rules.evaluate_crowd_into(&crowd, moment, &weights, &mut matches, &mut place).unwrap();
                assert_eq!(count, expected.len());
                if count <= room {
                    assert_eq!(place[..count], expected);
                    assert!(place[count..].iter().all(|&pair| pair == [u32::MAX; 2]));
                }
            }
            pairs += expected.len();
            silent += members.len() * rules.rule_count() as usize - expected.len();
        }
    }
    // A crowd in which nothing fires, or everything, would prove nothing.
    assert!(pairs > 100 && silent > 100);
}

#[test]
fn a_crowd_knows_its_own_only() {
    let mut rng = Rng(1);
    let rules = RuleSet::compile(&cases::document(&mut rng).to_string(), Limits::default()).unwrap();
    let other = RuleSet::compile(&cases::document(&mut rng).to_string(), Limits::default()).unwrap();
    let mut crowd = rules.crowd();
    let person = crowd.add(&rules).unwrap();
    assert_eq!(crowd.add(&other), Err(Fault::Foreign));
    assert_eq!(crowd.set_zone(&rules, person, "Nowhere/Land"), Err(Fault::UnknownZone));
    assert_eq!(crowd.set_zone(&rules, person + 1, "UTC"), Err(Fault::UnknownPerson));
    assert_eq!(crowd.set_trait(&rules, 1 << 30, "x", None), Err(Fault::UnknownPerson));
    crowd.remove(&rules, person).unwrap();
    assert_eq!(crowd.remove(&rules, person), Err(Fault::UnknownPerson));
    assert!(crowd.person(person).is_none());
    let nothing = serde_json::Map::new();
    let mut matches = Matches::default();
    let foreign = other.evaluate_crowd(&crowd, &other.context(&nothing), 0, &other.weights(), &mut matches);
    assert_eq!(foreign, Err(Fault::Foreign));
    let foreign = rules.evaluate_crowd(&crowd, &rules.context(&nothing), 0, &other.weights(), &mut matches);
    assert_eq!(foreign, Err(Fault::Foreign));
    let late =
        rules.evaluate_crowd(&crowd, &rules.context(&nothing), i64::MAX, &rules.weights(), &mut matches);
    assert_eq!(late, Err(Fault::TimeOutOfRange));
}

/// Some come, some go, and something is learned of the others.
fn change(rng: &mut Rng, rules: &RuleSet, crowd: &mut Crowd, members: &mut Vec<u32>) {
    for _ in 0..rng.below(40) {
        members.push(crowd.add(rules).unwrap());
    }
    for _ in 0..rng.below(members.len().min(10) + 1) {
        let gone = members.swap_remove(rng.below(members.len()));
        crowd.remove(rules, gone).unwrap();
    }
    for &member in &*members {
        for _ in 0..rng.below(4) {
            let path = *rng.pick(&cases::TRAITS);
            let now = cases::moment(rng);
            let value = rng.chance(75).then(|| cases::value(rng, now));
            crowd.set_trait(rules, member, path, value).unwrap();
        }
        if rng.chance(50) {
            let zone = *rng.pick(&cases::ZONES);
            crowd.set_zone(rules, member, zone).unwrap();
        }
        if !rules.narratives().is_empty() && rng.chance(40) {
            let narrative = rng.below(rules.narratives().len());
            let score = rng.chance(75).then(|| *rng.pick(&[0.0, 0.5, 0.7, 1.0]));
            crowd.set_score(rules, member, narrative, score).unwrap();
        }
    }
}
