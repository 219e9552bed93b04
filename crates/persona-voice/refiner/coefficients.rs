//! Written by `refiner/train.py`.

use super::Coefficients;

pub(super) static NARROW: Coefficients = Coefficients {
    logits: [0.7015, 0.1102, 0.0525, -0.1781],
    bands: [[-0.1236, 0.1129], [0.1389, -0.0424], [0.1326, 0.0133], [0.0000, 0.0000]],
    bias: -0.3454,
};

pub(super) static WIDE: Coefficients = Coefficients {
    logits: [0.7402, 0.1256, -0.0525, -0.2034],
    bands: [[-0.1216, 0.0683], [0.1010, 0.0152], [0.1007, -0.0140], [0.0381, 0.0520]],
    bias: -0.2870,
};
