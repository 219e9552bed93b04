//! Inputs that nobody should give: nothing panics, nothing is lost.

use persona_cycle::{Envelope, Flags, Lane, Outcome, SlotId, TurnId};

use crate::stage::Stage;

const TIMES: [i64; 7] = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];

#[test]
fn any_time_anywhere() {
    for start in TIMES {
        for a in TIMES {
            for b in TIMES {
                for c in TIMES {
                    let mut stage = Stage::new();
                    stage.now = start;
                    let persona = stage.persona();
                    for (key, lane) in (1..).zip(Lane::ALL) {
                        let item = Envelope::new(key, persona, key % 2, lane, a);
                        stage.arm(&Envelope { not_before: Some(b), expires_at: Some(c), ..item });
                    }
                    let last = live_until_decided(&mut stage);
                    assert_eq!(last.accepted, last.done + last.declined + last.dead, "{start} {a} {b} {c}");
                }
            }
        }
    }
}

/// Cancels to any time once, fails once, then answers; follows the reported deadlines.
fn live_until_decided(stage: &mut Stage) -> persona_cycle::FleetStatus {
    for round in 0..100 {
        let turns: Vec<_> = stage.serve().turns.iter().map(|turn| turn.id).collect();
        for turn in turns {
            let outcome = match round {
                0 => Outcome::Cancelled { retry_at: i64::MIN },
                1 => Outcome::Failed,
                2 => Outcome::Throttled { retry_at: i64::MAX },
                _ => Outcome::Done,
            };
            assert!(stage.complete(turn, outcome));
        }
        match stage.next.deadline {
            Some(deadline) => stage.now = stage.now.max(deadline),
            None if stage.fleet.status().waiting == 0 => break,
            None => {}
        }
    }
    stage.fleet.status()
}

#[test]
fn any_priority() {
    for priority in [f32::NAN, f32::NEG_INFINITY, -1.0, -0.0, f32::MIN_POSITIVE, 2.0, f32::MAX, f32::INFINITY]
    {
        let mut stage = Stage::new();
        let persona = stage.persona();
        let item = Envelope { priority, ..stage.chat(persona, 1) };
        stage.arm(&item);
        let expected = if priority >= 1.0 { 1.0 } else { 0.0 };
        assert!((stage.turn().effective_priority - expected).abs() < f32::EPSILON, "{priority}");
    }
}

#[test]
fn any_flags_and_any_handle() {
    let mut stage = Stage::new();
    let persona = stage.persona();
    for bits in (0..=u16::MAX).step_by(127) {
        let item = Envelope { flags: Flags::from_bits(bits), ..stage.chat(persona, u64::MAX) };
        stage.arm(&item);
    }
    for raw in [0, 1, 2 << 32, 1 << 53, u64::MAX, persona.get() + 1, persona.get() + (1 << 53)] {
        let slot = SlotId::from_raw(raw);
        stage.say(slot, 1);
        stage.fleet.release(slot, 1);
        assert_eq!(stage.fleet.slot_status(slot), None, "{raw}");
        assert!(!stage.fleet.settling(TurnId::from_raw(raw)));
        assert!(!stage.complete(TurnId::from_raw(raw), Outcome::Done));
    }
    stage.serve();
    assert_eq!(stage.fleet.status().accepted, 65_536 / 127 + 1 + 7);
}
