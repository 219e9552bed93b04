//! Weights in the order in which the kernels read them.

/// Outputs that lie side by side: a vector of AVX-512, two of AVX2. A panel is read from one end to the other, and the
/// largest has half the size of a first cache.
pub(super) const PANEL: usize = 16;

/// Outputs of every layer are a multiple of it, so that kernels may take four panels at once.
pub(super) const PANELS: usize = 4;

/// Of any layer.
pub(super) const MOST_INPUTS: usize = 256;

/// A row of a panel: a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Row(pub(super) [f32; PANEL]);

/// A matrix cut into panels of 16 outputs; within a panel, one row for each input.
pub(super) struct Matrix {
    pub(super) rows: Vec<Row>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Matrix {
    /// `weight(output, input)` gives the values.
    pub(super) fn new(outputs: usize, inputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        assert!(
            outputs.is_multiple_of(PANELS * PANEL) && inputs <= MOST_INPUTS,
            "every layer fits the kernels"
        );
        let rows = (0..outputs).step_by(PANEL).flat_map(|panel| {
            let weight = &weight;
            (0..inputs).map(move |input| Row(std::array::from_fn(|lane| weight(panel + lane, input))))
        });
        Self { rows: rows.collect(), inputs, outputs }
    }
}
