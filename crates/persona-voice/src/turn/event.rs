//! What a stream tells.

use super::Stance;
use crate::Fault;

/// Positions are samples since the beginning of the stream, at its inner rate ([`Rate::ms`]).
///
/// Whatever `SpeechStart` opens is closed once: by `TurnEnd`, by `InterruptRetracted`, or by a `Misfire` that was a
/// backchannel. Between a turn's end and the next `SpeechStart` there is none open.
///
/// [`Rate::ms`]: crate::Rate::ms
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Somebody speaks: a turn begins, or goes on after a pause.
    SpeechStart {
        /// The beginning of the first frame of speech.
        at: u64,
        /// When it had lasted long enough to be taken for speech.
        committed_at: u64,
        /// Where the sound begins that belongs to it: look-back before the start, but nothing of an earlier turn.
        sound_from: u64,
    },
    /// They have been silent long enough. A judge may be asked now whether the turn is complete.
    SpeechEnd {
        /// The beginning of the silence.
        at: u64,
        /// The end of the frame at which this was known.
        known_at: u64,
    },
    /// A turn is over and wants an answer.
    TurnEnd {
        /// Where its sound begins: the first start's `sound_from`.
        sound_from: u64,
        /// The end of its last speech.
        at: u64,
        /// As in `SpeechEnd`.
        known_at: u64,
        /// Why it is over.
        reason: End,
    },
    /// Somebody has spoken into the persona's thinking or speaking for so long that it should stop.
    Interrupt {
        /// The beginning of the speech.
        at: u64,
        /// As in `SpeechEnd`.
        known_at: u64,
        /// What was interrupted.
        stance: Stance,
    },
    /// The last interruption was short, nothing followed it, and no words were understood: the persona may go on.
    InterruptRetracted {
        /// The beginning of the speech that interrupted.
        at: u64,
        /// As in `SpeechEnd`.
        known_at: u64,
    },
    /// What sounded like a turn was none.
    Misfire {
        /// Its beginning.
        at: u64,
        /// Its end.
        until: u64,
        /// What it was instead.
        what: Misfire,
    },
    /// Something did not come in time. Told once, until it has come.
    Timeout {
        /// How far the sound had come.
        at: u64,
        /// What was waited for.
        what: Timeout,
    },
    /// The sound was at fault in the last frame, and was mended.
    Damaged {
        /// The end of the frame.
        at: u64,
        /// [`Fault::NotFinite`] or [`Fault::HalfSample`].
        fault: Fault,
    },
}

/// Why a turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Silence; nobody was to be asked.
    Silence,
    /// The judge found it complete.
    Complete,
    /// The judge did not, for as long as the eagerness allows.
    Patience,
    /// It lasted as long as a turn may, and was cut.
    TooLong,
    /// [`Control::EndTurn`](crate::Control::EndTurn).
    Told,
    /// No more sound came.
    NoAudio,
    /// The stream has ended.
    Closed,
}

/// What a misfire was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misfire {
    /// Too short for speech; no start was told.
    Short,
    /// A few words into the persona's speech that did not mean to interrupt it. It ends what a start began.
    Backchannel,
}

/// What did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// Speech, while the persona listened.
    Idle,
    /// Sound.
    NoAudio,
}
