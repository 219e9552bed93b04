//! Random calls on a fleet and on a naive model of it, which must agree after every one of them.
//!
//! `PERSONA_SIM_STEPS` (200 000) calls, rounded up to whole episodes with a fleet each, are made; the first episode
//! has the seed `PERSONA_SIM_SEED` (1), the next one seed + 1, and so on. A failure names the seed of its episode.
//! With it and `PERSONA_SIM_SHRINK=1` the test finds and prints a short list of calls that still fails.

mod action;
mod episode;
mod generate;
mod model;
mod random;
mod reached;
mod rule;
mod shrink;

use std::fmt::Write;
use std::panic::resume_unwind;
use std::{env, thread};

use action::{Action, Setup};
use episode::Failure;
use reached::Reached;
use rule::Rule;

#[test]
fn a_fleet_does_what_its_model_does() {
    let steps = setting("PERSONA_SIM_STEPS", 200_000);
    let first = setting("PERSONA_SIM_SEED", 1);
    let seeds = first..first + steps.div_ceil(generate::EPISODE as u64);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut reached = Reached::default();
    thread::scope(|scope| {
        let work = |nth| {
            let seeds = seeds.clone().skip(nth).step_by(threads);
            scope.spawn(|| simulate(seeds))
        };
        let workers: Vec<_> = (0..threads).map(work).collect();
        for worker in workers {
            match worker.join().unwrap_or_else(|failure| resume_unwind(failure)) {
                Ok(more) => reached.join(more),
                Err(advice) => panic!("{advice}"),
            }
        }
    });
    if steps >= 100_000 {
        reached.check();
    }
}

/// What the episodes have led to; what to tell of the first that fails.
fn simulate(seeds: impl Iterator<Item = u64>) -> Result<Reached, String> {
    let mut reached = Reached::default();
    for seed in seeds {
        let (setup, actions) = generate::episode(seed);
        let Err(failure) = episode::run(&setup, &actions, None, &mut reached) else { continue };
        let call = "cargo test -p persona-cycle --release --test simulation";
        let advice =
            format!("{failure}\nreplay and shrink: PERSONA_SIM_SEED={seed} PERSONA_SIM_SHRINK=1 {call}");
        let shrinks = setting("PERSONA_SIM_SHRINK", 0) == 1;
        return Err(if shrinks { story(&setup, &shrunk(&setup, &actions, None), None) } else { advice });
    }
    Ok(reached)
}

/// Proves that the comparison would notice if the fleet broke a rule.
#[test]
fn a_model_that_forgets_a_rule_is_found_out() {
    for &rule in Rule::ALL {
        assert!(disagreements(rule).next().is_some(), "{rule:?} can be forgotten and nobody misses it");
    }
}

/// Proves that any failure becomes a list that can be understood. The long run shrinks one for each rule.
#[test]
fn what_disagrees_is_shrunk_to_a_few_calls() {
    let few = if setting("PERSONA_SIM_STEPS", 0) >= 1_000_000 { 1 } else { 8 };
    for &rule in Rule::ALL.iter().step_by(few) {
        let lists = disagreements(rule).map(|(setup, all)| (setup, shrunk(&setup, &all, Some(rule))));
        // Some faults need a long list in one episode and a short one in another.
        let short = lists.take(20).find(|(_, actions)| actions.len() < 12);
        let Some((setup, actions)) = short else { panic!("no short list shows what {rule:?} is for") };
        assert!(failure(&setup, &actions, None).is_none(), "{rule:?}: {}", story(&setup, &actions, None));
    }
}

/// Episodes in which a model that has forgotten the rule does something else than the fleet.
fn disagreements(rule: Rule) -> impl Iterator<Item = (Setup, Vec<Action>)> {
    let episodes = (1..200).map(generate::episode);
    episodes.filter(move |(setup, actions)| failure(setup, actions, Some(rule)).is_some())
}

fn shrunk(setup: &Setup, actions: &[Action], forgotten: Option<Rule>) -> Vec<Action> {
    shrink::shrink(actions, |some| failure(setup, some, forgotten).map(|failure| failure.step))
}

/// The calls, one to a line, and where they fail.
fn story(setup: &Setup, actions: &[Action], forgotten: Option<Rule>) -> String {
    let mut text = format!("{setup:?}\n");
    for (step, action) in actions.iter().enumerate() {
        let _ = writeln!(text, "{step:>3}  {action}");
    }
    if let Some(failure) = failure(setup, actions, forgotten) {
        let _ = writeln!(text, "fails at {failure}");
    }
    text
}

fn failure(setup: &Setup, actions: &[Action], forgotten: Option<Rule>) -> Option<Failure> {
    episode::run(setup, actions, forgotten, &mut Reached::default()).err()
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
