//! Finds a short list of actions that still fails.

use crate::action::Action;

/// Leaves out chunks, then single actions, then simplifies what is left, until nothing of it can go: Zeller and
/// Hildebrandt, "Simplifying and isolating failure-inducing input", 2002, without its complements.
///
/// `failure` gives the number of actions that were carried out in full before a list failed; None if it does not.
pub(crate) fn shrink(actions: &[Action], failure: impl Fn(&[Action]) -> Option<usize>) -> Vec<Action> {
    let mut least = Shrinking { actions: Vec::new(), failure };
    least.accepts(actions.to_vec());
    while least.leave_out() | least.simplify() {}
    least.actions
}

struct Shrinking<F> {
    actions: Vec<Action>,
    failure: F,
}

impl<F: Fn(&[Action]) -> Option<usize>> Shrinking<F> {
    /// Takes the list instead of the present one, without what comes after its failure, if it fails.
    fn accepts(&mut self, mut actions: Vec<Action>) -> bool {
        let failure = (self.failure)(&actions);
        if let Some(carried_out) = failure {
            actions.truncate(carried_out + 1);
            self.actions = actions;
        }
        failure.is_some()
    }

    fn leave_out(&mut self) -> bool {
        let before = self.actions.len();
        let mut chunk = before;
        while chunk > 0 {
            // From the end: what comes last depends on the rest, and goes more easily.
            let mut end = self.actions.len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                self.accepts([&self.actions[..start], &self.actions[end..]].concat());
                end = start.min(self.actions.len());
            }
            chunk /= 2;
        }
        self.actions.len() < before
    }

    fn simplify(&mut self) -> bool {
        let mut simplified = false;
        let mut place = 0;
        while place < self.actions.len() {
            let mut choices = self.actions[place].simpler();
            while let Some(choice) = choices.pop() {
                let mut actions = self.actions.clone();
                actions[place] = choice;
                if self.accepts(actions) {
                    simplified = true;
                    if place >= self.actions.len() {
                        break;
                    }
                    choices = choice.simpler();
                }
            }
            place += 1;
        }
        simplified
    }
}
