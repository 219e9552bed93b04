//! The settings of all personas, each distinct set once: most personas of a fleet share theirs.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::ops::Index;

use crate::SlotSettings;
use crate::slab::Slab;

#[derive(Default)]
pub(crate) struct Profiles {
    rows: Slab<Profile>,
    index: HashMap<SlotSettings, u32, BuildHasherDefault<DefaultHasher>>,
}

struct Profile {
    settings: SlotSettings,
    users: u32,
}

impl Profiles {
    /// The place of these settings, with one user more.
    pub(crate) fn take(&mut self, settings: SlotSettings) -> u32 {
        let place =
            *self.index.entry(settings).or_insert_with(|| self.rows.insert(Profile { settings, users: 0 }));
        self.rows[place].users += 1;
        place
    }

    /// One user less.
    pub(crate) fn give_back(&mut self, place: u32) {
        let profile = &mut self.rows[place];
        profile.users -= 1;
        if profile.users == 0 {
            self.index.remove(&profile.settings);
            self.rows.free(place);
        }
    }

    pub(crate) fn users(&self) -> u64 {
        self.index.values().map(|&place| u64::from(self.rows[place].users)).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.bytes() + self.index.capacity() * (size_of::<(SlotSettings, u32)>() + 1)
    }
}

impl Index<u32> for Profiles {
    type Output = SlotSettings;

    fn index(&self, place: u32) -> &SlotSettings {
        &self.rows[place].settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_settings_share_a_place_as_long_as_somebody_uses_them(
            steps in prop::collection::vec((0..5u32, any::<usize>(), any::<bool>()), 0..80),
        ) {
            let settings_of = |kind: u32| SlotSettings { max_queued: kind + 1, ..SlotSettings::default() };
            let mut profiles = Profiles::default();
            // Of each user the kind of settings, and their place.
            let mut users: Vec<(u32, u32)> = Vec::new();
            for (kind, which, takes) in steps {
                if takes || users.is_empty() {
                    users.push((kind, profiles.take(settings_of(kind))));
                } else {
                    profiles.give_back(users.swap_remove(which % users.len()).1);
                }
                prop_assert_eq!(profiles.users(), users.len() as u64);
                let mut kinds: Vec<u32> = users.iter().map(|&(kind, _)| kind).collect();
                kinds.sort_unstable();
                kinds.dedup();
                prop_assert_eq!(profiles.rows.len(), kinds.len());
                for &(kind, place) in &users {
                    prop_assert_eq!(profiles[place], settings_of(kind));
                    prop_assert!(users.iter().all(|other| (other.0 == kind) == (other.1 == place)));
                }
            }
        }
    }
}
