//! What a caller tells a stream besides sound.

/// What the persona does while it hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stance {
    /// It waits for somebody to speak, or listens.
    #[default]
    Listening,
    /// It works on its answer.
    Thinking,
    /// It is being played.
    Speaking,
}

/// A word to a stream. It takes effect between two frames; who keeps the position of each ([`Stream::position`]) can
/// replay the stream from its sound.
///
/// [`Stream::position`]: crate::Stream::position
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// The persona does something else now.
    Stance(Stance),
    /// A judge finds the turn complete that was paused at this position (`at` of [`Event::SpeechEnd`]). Ignored if
    /// somebody has spoken since.
    ///
    /// [`Event::SpeechEnd`]: crate::Event::SpeechEnd
    Complete {
        /// Samples.
        paused_at: u64,
    },
    /// Words were understood in the open turn: it is no cough and no "mhm", and its interruption stands.
    Confirm,
    /// The turn is over, because the speaker said so by other means.
    EndTurn,
}
