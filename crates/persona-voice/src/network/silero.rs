//! The network as others use it: frames in, probabilities out.

use super::kernel::{Chosen, Kernel};
use super::layers::Layers;
use super::scratch::{LANES, Scratch};
use crate::{Detector, Fault, Rate};

/// What the network remembers of one stream: the end of the last frame, and the state of the LSTM.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    context: [f32; 64],
    hidden: [f32; 128],
    cell: [f32; 128],
}

impl Default for Memory {
    fn default() -> Self {
        Self { context: [0.0; 64], hidden: [0.0; 128], cell: [0.0; 128] }
    }
}

/// The network with the buffers of a batch (500 KB). One for each thread that computes; the weights are shared.
pub struct Silero {
    kernel: Chosen,
    batches: [Batch; 2],
}

/// The streams that are staged for one branch.
struct Batch {
    rate: Rate,
    layers: &'static Layers,
    buffers: Scratch,
    staged: usize,
}

impl Default for Silero {
    fn default() -> Self {
        Self::from_chosen(Chosen::fastest())
    }
}

impl Silero {
    /// With a kernel of one's choice.
    ///
    /// # Errors
    /// [`Fault::KernelUnavailable`] if this processor lacks the instructions.
    pub fn new(kernel: Kernel) -> Result<Self, Fault> {
        Chosen::new(kernel).map(Self::from_chosen)
    }

    fn from_chosen(kernel: Chosen) -> Self {
        let batch = |rate| Batch { rate, layers: Layers::of(rate), buffers: Scratch::new(rate), staged: 0 };
        Self { kernel, batches: [Rate::Narrow, Rate::Wide].map(batch) }
    }

    fn batch(&mut self, rate: Rate) -> &mut Batch {
        &mut self.batches[rate as usize]
    }
}

impl Detector for Silero {
    type Memory = Memory;

    const LANES: usize = LANES;

    fn length(rate: Rate) -> usize {
        rate.frame()
    }

    fn stage(&mut self, rate: Rate, memory: &Memory, frame: &[f32]) -> usize {
        let batch = self.batch(rate);
        let lane = batch.staged;
        assert!(lane < LANES, "no more than LANES frames are staged at once");
        batch.staged += 1;
        batch.load(lane, memory, frame);
        lane
    }

    fn compute(&mut self, rate: Rate) {
        let Self { kernel, batches } = self;
        let batch = &mut batches[rate as usize];
        kernel.forward(batch.layers, &mut batch.buffers, std::mem::take(&mut batch.staged));
    }

    fn collect(&mut self, rate: Rate, lane: usize, memory: &mut Memory) -> f32 {
        let Batch { buffers, rate, .. } = self.batch(rate);
        let (frame, context) = (rate.frame(), rate.frame() / 8);
        let part = context + frame + context;
        memory.context[..context].copy_from_slice(&buffers.samples[lane * part + frame..][..context]);
        memory.hidden.copy_from_slice(&buffers.joint[lane * 256 + 128..][..128]);
        memory.cell.copy_from_slice(&buffers.cell[lane * 128..][..128]);
        buffers.probabilities[lane]
    }
}

impl Batch {
    /// The samples end with their own reflection: the original pads so.
    fn load(&mut self, lane: usize, memory: &Memory, frame: &[f32]) {
        let context = self.rate.frame() / 8;
        let part = context + self.rate.frame() + context;
        let samples = &mut self.buffers.samples[lane * part..][..part];
        let (known, mirrored) = samples.split_at_mut(part - context);
        known[..context].copy_from_slice(&memory.context[..context]);
        known[context..].copy_from_slice(frame);
        for (mirrored, known) in mirrored.iter_mut().zip(known.iter().rev().skip(1)) {
            *mirrored = *known;
        }
        self.buffers.joint[lane * 256 + 128..][..128].copy_from_slice(&memory.hidden);
        self.buffers.cell[lane * 128..][..128].copy_from_slice(&memory.cell);
    }
}
