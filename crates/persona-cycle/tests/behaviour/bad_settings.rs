//! Every option and setting at its bounds, and beyond them.

use persona_cycle::{Fault, Fleet, FleetOptions, SlotSettings};

use crate::stage::Stage;

/// Numbers beyond the type of a field wrap to such as are out of range too.
type Set<T> = fn(&mut T, i64);

const OPTIONS: [(&str, i64, i64, Set<FleetOptions>); 2] = [
    ("max_turns_in_flight", 1, 65_536, |options, value| options.max_turns_in_flight = value as u32),
    ("quantum", 1, 10_000, |options, value| options.quantum = value as u32),
];

const SETTINGS: [(&str, i64, i64, Set<SlotSettings>); 13] = [
    ("max_parallel_turns", 1, 1_024, |settings, value| settings.max_parallel_turns = value as u32),
    ("max_queued", 1, 1_000_000, |settings, value| settings.max_queued = value as u32),
    ("deadline_ms", 1, 3_600_000, |settings, value| settings.deadline_ms = value),
    ("windows", 1, 10_000, |settings, value| settings.windows[0] = value as u32),
    ("windows", 1, 10_000, |settings, value| settings.windows[1] = value as u32),
    ("windows", 1, 10_000, |settings, value| settings.windows[2] = value as u32),
    ("windows", 1, 10_000, |settings, value| settings.windows[3] = value as u32),
    ("breaker_failures", 0, 1_000, |settings, value| settings.breaker_failures = value as u32),
    ("breaker_open_ms", 1, 600_000, |settings, value| settings.breaker_open_ms = value),
    ("room_gap_ms", 0, 600_000, |settings, value| settings.room_gap_ms = value),
    ("room_cap", 1, 10_000, |settings, value| settings.room_cap = value as u32),
    ("complexity", 0, 10_000, |settings, value| settings.complexity = value as u32),
    ("compute", 0, 1_000, |settings, value| settings.compute = value as u32),
];

#[test]
fn options_of_the_fleet() {
    let fault_of = |set: Set<FleetOptions>, value| {
        let mut options = FleetOptions::default();
        set(&mut options, value);
        Fleet::new(options).err()
    };
    for (field, min, max, set) in OPTIONS {
        for value in [min, max] {
            assert_eq!(fault_of(set, value), None, "{field} {value}");
        }
        for value in [min - 1, max + 1] {
            let fault = Fault::OutOfRange { field, min, max };
            assert_eq!(fault_of(set, value), Some(fault), "{field} {value}");
            assert_eq!(fault.to_string(), format!("{field} must be from {min} to {max}"));
        }
    }
}

#[test]
fn settings_of_a_persona() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    let item = stage.say(persona, 1);
    for (field, min, max, set) in SETTINGS {
        for value in [min, max] {
            let mut settings = SlotSettings::default();
            set(&mut settings, value);
            assert_eq!(stage.fleet.configure(persona, settings, stage.now), Ok(()), "{field} {value}");
            assert!(stage.fleet.enroll(settings, stage.now).is_ok(), "{field} {value}");
        }
        stage.configure(persona, SlotSettings::default());
        let personas = stage.fleet.status().personas;
        for value in [min - 1, max + 1] {
            // Nothing of refused settings may hold.
            let mut settings = SlotSettings { paused: true, ..SlotSettings::default() };
            set(&mut settings, value);
            let fault = Err(Fault::OutOfRange { field, min, max });
            assert_eq!(stage.fleet.configure(persona, settings, stage.now), fault, "{field} {value}");
            assert_eq!(stage.fleet.enroll(settings, stage.now).map(drop), fault.map(drop), "{field} {value}");
        }
        assert_eq!((stage.status(persona).held, stage.fleet.status().personas), (None, personas), "{field}");
        stage.fleet.check();
    }
    assert_eq!(stage.turns(), [[item]]);
}
