//! Reserving places before items are written.

use persona_cycle::{Flags, Outcome, Refusal, SlotId, SlotSettings, Unenroll};

use crate::stage::Stage;

enum Step {
    Admit(u32, Result<(), Refusal>),
    Release(u32),
    /// Arms an item for which a place was reserved.
    ArmAdmitted,
    /// Arms an item of the backlog.
    Arm,
    /// Forms a turn and answers it.
    Answer,
    /// Forms a turn and leaves it.
    Begin,
}

/// Takes the steps with room for 3 items and compares what is reserved at the end.
fn check(name: &str, settings: SlotSettings, steps: &[Step], reserved: u32) {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { max_queued: 3, ..settings });
    for step in steps {
        match *step {
            Step::Admit(n, expected) => assert_eq!(stage.fleet.admit(persona, n), expected, "{name}"),
            Step::Release(n) => stage.fleet.release(persona, n),
            Step::Arm | Step::ArmAdmitted => {
                let mut item = stage.chat(persona, 1);
                if matches!(step, Step::ArmAdmitted) {
                    item.flags = Flags::ADMITTED;
                }
                stage.arm(&item);
            }
            Step::Answer => {
                let turn = stage.turn();
                assert!(stage.complete(turn.id, Outcome::Done));
            }
            Step::Begin => drop(stage.turn()),
        }
        stage.fleet.check();
    }
    assert_eq!(stage.fleet.slot_status(persona).map(|status| status.reserved), Some(reserved), "{name}");
}

#[test]
fn places() {
    use Step::{Admit, Answer, Arm, ArmAdmitted, Begin, Release};
    let open = SlotSettings::default();
    let paused = SlotSettings { paused: true, ..open };
    let full = Err(Refusal::Full);

    check("all or none", open, &[Admit(4, full), Admit(3, Ok(())), Admit(1, full), Admit(0, Ok(()))], 3);
    check("released places are free", open, &[Admit(3, Ok(())), Release(2), Admit(2, Ok(()))], 3);
    check(
        "no more than reserved is released",
        open,
        &[Admit(1, Ok(())), Release(u32::MAX), Admit(3, Ok(()))],
        3,
    );
    check("an armed item takes its place along", open, &[Admit(3, Ok(())), ArmAdmitted, Admit(1, full)], 2);
    check("an item of the backlog counts", open, &[Arm, Admit(3, full), Admit(2, Ok(()))], 2);
    check("the backlog is never refused", open, &[Admit(3, Ok(())), Arm, Arm, Arm, Arm, Admit(1, full)], 3);
    check("an item in a turn counts", open, &[Arm, Arm, Begin, Admit(2, full), Admit(1, Ok(()))], 1);
    check("an answered one does not", open, &[Arm, Arm, Answer, Admit(3, Ok(()))], 3);
    check("a paused persona accepts", paused, &[Admit(3, Ok(())), ArmAdmitted, Admit(1, full)], 2);
    check("no overflow", open, &[Admit(3, Ok(())), Admit(u32::MAX, full)], 3);
}

#[test]
fn refusals_are_counted_and_leave_no_trace() {
    let mut stage = Stage::new();
    let persona = stage.persona_with(SlotSettings { max_queued: 1, ..SlotSettings::default() });
    assert_eq!(stage.fleet.admit(SlotId::from_raw(0), 1), Err(Refusal::Unknown));
    assert_eq!(stage.fleet.admit(persona, 2), Err(Refusal::Full));
    let status = stage.fleet.status();
    assert_eq!((status.refused, status.reserved, status.accepted), (3, 0, 0));
    stage.say(persona, 1);
    assert_eq!(stage.fleet.unenroll(persona, Unenroll::Drain), Ok(()));
    assert_eq!(stage.fleet.admit(persona, 1), Err(Refusal::Draining));
}
