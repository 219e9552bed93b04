//! Handles that never name another thing than the one they were made for.

const GENERATION_BITS: u32 = 21;
const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

/// An enrolled persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(u64);

/// A turn, from the service call that formed it to its completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(u64);

macro_rules! handle {
    ($name:ident) => {
        impl $name {
            pub(crate) fn new(index: u32, generation: u32) -> Self {
                Self(u64::from(generation) << 32 | u64::from(index))
            }

            /// Takes back a number that `get` gave. Any other number is allowed and names nothing.
            #[must_use]
            pub fn from_raw(raw: u64) -> Self {
                Self(raw)
            }

            /// The handle as a number from 1 to 2^53 - 1, exact in a double.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }

            pub(crate) fn index(self) -> u32 {
                self.0 as u32
            }
        }
    };
}

handle!(SlotId);
handle!(TurnId);

/// The first generation is 1, so that no handle is 0.
pub(crate) const FIRST_GENERATION: u32 = 1;

/// Wraps after about two million reuses of one index.
pub(crate) fn next_generation(generation: u32) -> u32 {
    if generation >= LAST_GENERATION { FIRST_GENERATION } else { generation + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_exact_in_a_double_and_never_zero() {
        let largest = SlotId::new(u32::MAX, LAST_GENERATION);
        assert_eq!(largest.get(), (1 << 53) - 1);
        assert_eq!(largest.index(), u32::MAX);
        assert_eq!(SlotId::new(0, FIRST_GENERATION).get(), 1 << 32);
    }

    #[test]
    fn generations_wrap_past_zero() {
        assert_eq!(next_generation(LAST_GENERATION - 1), LAST_GENERATION);
        assert_eq!(next_generation(LAST_GENERATION), FIRST_GENERATION);
    }
}
