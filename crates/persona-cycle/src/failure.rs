//! What a failed turn does to its items.

use crate::Flags;
use crate::item::Item;
use crate::rng::Rng;

/// The failure of an item in a turn of its own that is its last.
const LAST_FAILURE: u32 = 3;

/// Counts a failed turn against one of its items and says whether the item is given up. In company it is not known
/// whose fault it was, so none is blamed, and each is tried alone from now on.
pub(crate) fn blame(item: &mut Item, was_alone: bool) -> bool {
    if !was_alone {
        item.flags = item.flags.with(Flags::ALONE);
        return false;
    }
    item.failures = item.failures.saturating_add(1);
    item.failures >= LAST_FAILURE
}

/// When the items of a turn that failed at `attempt` may go again: after 1 s, 4 s, then 16 s, each ± 10 %, so that
/// what failed together does not come back together.
pub(crate) fn retry_at(now: i64, attempt: u32, rng: &mut Rng) -> i64 {
    let pause_ms: u32 = match attempt {
        0 | 1 => 1_000,
        2 => 4_000,
        _ => 16_000,
    };
    let jitter = rng.below(u64::from(pause_ms / 5 + 1)) as u32;
    now.saturating_add(i64::from(pause_ms - pause_ms / 10 + jitter))
}
