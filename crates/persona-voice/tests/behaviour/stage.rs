//! A stream whose probabilities are written down, one sign for each frame of 32 ms.

use persona_voice::{
    Control, Detector, Encoding, End, Engine, Event, Format, Misfire, Rate, Stance, Stream, Timeout,
    TurnOptions,
};

/// Takes the first sample of a frame for the probability of speech.
#[derive(Default)]
pub(crate) struct Written(Vec<f32>);

impl Detector for Written {
    type Memory = ();

    const LANES: usize = 4;

    fn length(rate: Rate) -> usize {
        rate.frame()
    }

    fn stage(&mut self, _: Rate, (): &(), frame: &[f32]) -> usize {
        self.0.push(frame[0]);
        self.0.len() - 1
    }

    fn compute(&mut self, _: Rate) {}

    fn collect(&mut self, _: Rate, lane: usize, (): &mut ()) -> f32 {
        let probability = self.0[lane];
        if lane + 1 == self.0.len() {
            self.0.clear();
        }
        probability
    }
}

pub(crate) struct Stage {
    pub(crate) engine: Engine<Written>,
    pub(crate) stream: Stream<Written>,
    now_ms: u64,
    paused_at: u64,
    told: Vec<String>,
}

impl Stage {
    pub(crate) fn new(options: &TurnOptions) -> Self {
        let format = Format::mono(16_000, Encoding::Float32).unwrap();
        let stream = Stream::new(format, options).unwrap();
        Self { engine: Engine::default(), stream, now_ms: 1_000_000, paused_at: 0, told: Vec::new() }
    }

    /// Frames: `.` silence, `-` neither, `+` speech by a little, `#` speech. Between them: `L`, `T`, `S` the persona
    /// listens, thinks, speaks; `K` confirm; `C` complete, as of the last end of speech; `X` end the turn; `w` 100 ms
    /// pass without sound; `|` the end.
    pub(crate) fn play(&mut self, script: &str) -> &mut Self {
        for sign in script.chars().filter(|sign| !sign.is_whitespace()) {
            match sign {
                '.' => self.frame(0.0),
                '-' => self.frame(0.4),
                '+' => self.frame(0.55),
                '#' => self.frame(1.0),
                'L' => self.stream.control(Control::Stance(Stance::Listening)),
                'T' => self.stream.control(Control::Stance(Stance::Thinking)),
                'S' => self.stream.control(Control::Stance(Stance::Speaking)),
                'K' => self.stream.control(Control::Confirm),
                'C' => self.stream.control(Control::Complete { paused_at: self.paused_at }),
                'X' => self.stream.control(Control::EndTurn),
                'w' => {
                    self.now_ms += 100;
                    self.stream.check(self.now_ms);
                }
                '|' => self.engine.finish(&mut self.stream),
                _ => panic!("{sign} is no sign"),
            }
            while let Some(event) = self.stream.next_event() {
                if let Event::SpeechEnd { at, .. } = event {
                    self.paused_at = at;
                }
                self.told.push(tell(event));
            }
        }
        self
    }

    /// What has happened since the last time, positions in frames.
    pub(crate) fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    fn frame(&mut self, probability: f32) {
        self.now_ms += 32;
        let bytes = probability.to_le_bytes().repeat(512);
        self.engine.push(&mut self.stream, &bytes, self.now_ms).unwrap();
    }
}

pub(crate) fn tell(event: Event) -> String {
    let frames = |position: u64| {
        assert!(position.is_multiple_of(512), "positions are those of frames");
        position / 512
    };
    match event {
        Event::SpeechStart { at, committed_at, sound_from } => {
            format!("start {} known {} sound {}", frames(at), frames(committed_at), frames(sound_from))
        }
        Event::SpeechEnd { at, known_at } => format!("end {} known {}", frames(at), frames(known_at)),
        Event::TurnEnd { sound_from, at, known_at, reason } => {
            let reason = match reason {
                End::Silence => "silence",
                End::Complete => "complete",
                End::Patience => "patience",
                End::TooLong => "too long",
                End::Told => "told",
                End::NoAudio => "no audio",
                End::Closed => "closed",
            };
            format!("turn {}..{} known {}: {reason}", frames(sound_from), frames(at), frames(known_at))
        }
        Event::Interrupt { at, known_at, stance } => {
            format!("interrupt {} known {}: {stance:?}", frames(at), frames(known_at))
        }
        Event::InterruptRetracted { at, known_at } => {
            format!("retracted {} known {}", frames(at), frames(known_at))
        }
        Event::Misfire { at, until, what: Misfire::Short } => {
            format!("short {}..{}", frames(at), frames(until))
        }
        Event::Misfire { at, until, what: Misfire::Backchannel } => {
            format!("backchannel {}..{}", frames(at), frames(until))
        }
        Event::Timeout { at, what: Timeout::Idle } => format!("idle {}", frames(at)),
        Event::Timeout { at, what: Timeout::NoAudio } => format!("no audio {}", frames(at)),
        Event::Damaged { at, fault } => format!("damaged {}: {}", frames(at), fault.as_str()),
    }
}
