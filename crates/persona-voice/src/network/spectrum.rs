//! The magnitudes of the Fourier transform, for several windows at once, one in each lane.
//!
//! The original multiplies with a basis of windowed sines; this is the same transform by the fast algorithm: the real
//! samples as half as many complex ones, a radix-2 transform of those, and the recombination.

use std::f64::consts::TAU;

use crate::Rate;

/// Complex numbers in the largest transform.
const MOST: usize = 128;

/// What a transform of one length needs to know.
pub(super) struct Transform {
    /// The Hann window, in the order in which samples are read: (real, imaginary) of each complex number.
    window: Vec<[f32; 2]>,
    /// Where the complex numbers go first: bits reversed.
    order: Vec<u8>,
    /// e^(-2πik/length) for the lower half, (cosine, sine).
    turns: Vec<[f32; 2]>,
}

impl Transform {
    pub(super) fn new(rate: Rate) -> Self {
        let length = rate.frame() / 2;
        let half = length / 2;
        let angle = |k: usize| TAU * k as f64 / length as f64;
        let hann = |sample: usize| (0.5 - 0.5 * angle(sample).cos()) as f32;
        let bits = half.trailing_zeros();
        Self {
            window: (0..half).map(|pair| [hann(2 * pair), hann(2 * pair + 1)]).collect(),
            order: (0..half as u8).map(|index| index.reverse_bits() >> (8 - bits)).collect(),
            turns: (0..half).map(|k| [angle(k).cos() as f32, -angle(k).sin() as f32]).collect(),
        }
    }

    /// Samples in a window.
    pub(super) fn length(&self) -> usize {
        self.window.len() * 2
    }

    /// Magnitudes that come out.
    pub(super) fn bins(&self) -> usize {
        self.window.len() + 1
    }

    /// Takes the windows that begin at `starts` in `samples`, and writes their magnitudes one window after the other.
    /// `fused` where the processor multiplies and adds at once, which loses less.
    #[inline(always)]
    pub(super) fn magnitudes<const L: usize>(
        &self,
        fused: bool,
        samples: &[f32],
        starts: [usize; L],
        magnitudes: &mut [f32],
    ) {
        let half = self.window.len();
        let (mut re, mut im) = ([[0.0; L]; MOST], [[0.0; L]; MOST]);
        self.load(samples, starts, &mut re[..half], &mut im[..half]);
        self.transform(fused, &mut re[..half], &mut im[..half]);
        self.recombine(fused, &re[..half], &im[..half], magnitudes);
    }

    #[inline(always)]
    fn load<const L: usize>(
        &self,
        samples: &[f32],
        starts: [usize; L],
        re: &mut [[f32; L]],
        im: &mut [[f32; L]],
    ) {
        for (lane, start) in starts.into_iter().enumerate() {
            let pairs = samples[start..start + self.length()].as_chunks::<2>().0;
            for ((pair, window), &index) in pairs.iter().zip(&self.window).zip(&self.order) {
                re[usize::from(index)][lane] = pair[0] * window[0];
                im[usize::from(index)][lane] = pair[1] * window[1];
            }
        }
    }

    #[inline(always)]
    fn transform<const L: usize>(&self, fused: bool, re: &mut [[f32; L]], im: &mut [[f32; L]]) {
        let half = re.len();
        let mut width = 1;
        while width < half {
            let step = half / width;
            for (re, im) in re.chunks_exact_mut(2 * width).zip(im.chunks_exact_mut(2 * width)) {
                let ((re, other_re), (im, other_im)) = (re.split_at_mut(width), im.split_at_mut(width));
                for index in 0..width {
                    let [cos, sin] = self.turns[index * step];
                    for lane in 0..L {
                        let (x, y) = turn(fused, [other_re[index][lane], other_im[index][lane]], [cos, sin]);
                        other_re[index][lane] = re[index][lane] - x;
                        other_im[index][lane] = im[index][lane] - y;
                        re[index][lane] += x;
                        im[index][lane] += y;
                    }
                }
            }
            width *= 2;
        }
    }

    #[inline(always)]
    fn recombine<const L: usize>(
        &self,
        fused: bool,
        re: &[[f32; L]],
        im: &[[f32; L]],
        magnitudes: &mut [f32],
    ) {
        let half = re.len();
        let bins = half + 1;
        for lane in 0..L {
            magnitudes[lane * bins] = (re[0][lane] + im[0][lane]).abs();
            magnitudes[lane * bins + half] = (re[0][lane] - im[0][lane]).abs();
        }
        for low in 1..=half / 2 {
            let high = half - low;
            let [cos, sin] = self.turns[low];
            let mut found = [[0.0; L]; 2];
            for lane in 0..L {
                let (even_re, odd_im) = (re[low][lane] + re[high][lane], re[high][lane] - re[low][lane]);
                let (odd_re, even_im) = (im[low][lane] + im[high][lane], im[low][lane] - im[high][lane]);
                let (x, y) = turn(fused, [odd_re, odd_im], [cos, sin]);
                let length = |x: f32, y: f32| 0.5 * add(fused, x, x, y * y).sqrt();
                found[0][lane] = length(even_re + x, even_im + y);
                found[1][lane] = length(even_re - x, even_im - y);
            }
            for lane in 0..L {
                magnitudes[lane * bins + low] = found[0][lane];
                magnitudes[lane * bins + high] = found[1][lane];
            }
        }
    }
}

/// A complex number times another.
#[inline(always)]
fn turn(fused: bool, [x, y]: [f32; 2], [cos, sin]: [f32; 2]) -> (f32, f32) {
    (add(fused, -y, sin, x * cos), add(fused, y, cos, x * sin))
}

/// `left * right + sum`.
#[inline(always)]
fn add(fused: bool, left: f32, right: f32, sum: f32) -> f32 {
    if fused { left.mul_add(right, sum) } else { left * right + sum }
}
