//! Weights in the order in which the kernels read them.

/// Outputs that lie side by side: four vectors of AVX-512, eight of AVX2. Every layer has a multiple of it.
pub(super) const PANEL: usize = 64;

/// A row of a panel. The alignment keeps each vector within one cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Row(pub(super) [f32; PANEL]);

/// A matrix cut into panels of 64 outputs; within a panel, one row for each input.
pub(super) struct Matrix {
    pub(super) rows: Vec<Row>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Matrix {
    /// `weight(output, input)` gives the values.
    pub(super) fn new(outputs: usize, inputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        assert!(outputs.is_multiple_of(PANEL), "every layer has whole panels");
        let rows = (0..outputs).step_by(PANEL).flat_map(|panel| {
            let weight = &weight;
            (0..inputs).map(move |input| Row(std::array::from_fn(|lane| weight(panel + lane, input))))
        });
        Self { rows: rows.collect(), inputs, outputs }
    }
}
