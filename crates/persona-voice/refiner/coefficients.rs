//! Written by `refiner/train.py`.

use super::Coefficients;

/// Trusted by 0.85.
pub(super) static NARROW: Coefficients = Coefficients {
    logits: [0.7463, 0.0937, 0.0446, -0.1514],
    bands: [[-0.1051, 0.0960], [0.1181, -0.0360], [0.1127, 0.0113], [0.0000, 0.0000]],
    bias: -0.2936,
};

/// Trusted by 0.80.
pub(super) static WIDE: Coefficients = Coefficients {
    logits: [0.7921, 0.1005, -0.0420, -0.1627],
    bands: [[-0.0973, 0.0546], [0.0808, 0.0122], [0.0806, -0.0112], [0.0305, 0.0416]],
    bias: -0.2296,
};
