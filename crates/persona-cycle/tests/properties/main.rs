//! What holds after any calls in any order: the fleet never contradicts itself, nothing is lost, doubled or stuck,
//! nothing overtakes inside a conversation, no handle names two things.
//!
//! The other side of that is the simulation, which says what exactly comes out; this says what always holds, for
//! calls that no sensible caller would make too.

mod ledger;
mod op;

use ledger::Ledger;
use op::{Op, ops, options};
use persona_cycle::FleetOptions;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, max_shrink_iters: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_called(options in options(), ops in ops(120)) {
        run(options, &ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    #[test]
    fn the_same_calls_give_the_same(options in options(), ops in ops(120)) {
        prop_assert_eq!(run(options, &ops), run(options, &ops));
    }
}

/// Makes all calls, then lets the fleet come to rest; gives what came out of it.
fn run(options: FleetOptions, ops: &[Op]) -> Vec<String> {
    let mut ledger = Ledger::new(options);
    for op in ops {
        ledger.apply(op);
    }
    ledger.come_to_rest();
    ledger.into_trace()
}
