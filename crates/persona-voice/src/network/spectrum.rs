//! The magnitudes of the Fourier transform, for several windows at once, one in each lane.
//!
//! The original multiplies with a basis of windowed sines; this is the same transform by the fast algorithm: the real
//! samples as half as many complex ones, a radix-2 transform of those, two steps at a time, and the recombination.

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
        if half.trailing_zeros() % 2 == 1 {
            // Alone, where the steps are odd in number. It turns nothing.
            for (re, im) in re.as_chunks_mut().0.iter_mut().zip(im.as_chunks_mut().0) {
                let [[a_re, b_re], [a_im, b_im]]: [&mut [[f32; L]; 2]; 2] = [re, im];
                for lane in 0..L {
                    (a_re[lane], b_re[lane]) = (a_re[lane] + b_re[lane], a_re[lane] - b_re[lane]);
                    (a_im[lane], b_im[lane]) = (a_im[lane] + b_im[lane], a_im[lane] - b_im[lane]);
                }
            }
            width = 2;
        }
        while width < half {
            self.two_steps(fused, width, re, im);
            width *= 4;
        }
    }

    /// Joins spectra of `width` numbers to ones of twice as many, and those again, while they are in registers.
    #[inline(always)]
    fn two_steps<const L: usize>(&self, fused: bool, width: usize, re: &mut [[f32; L]], im: &mut [[f32; L]]) {
        let step = re.len() / width;
        for (re, im) in re.chunks_exact_mut(4 * width).zip(im.chunks_exact_mut(4 * width)) {
            let [a_re, b_re, c_re, d_re] = quarters(re, width);
            let [a_im, b_im, c_im, d_im] = quarters(im, width);
            for index in 0..width {
                let [first, second, third] =
                    [index * step, index * step / 2, (index + width) * step / 2].map(|turn| self.turns[turn]);
                let [mut a, mut b, mut c, mut d] = [[[0.0; L]; 2]; 4];
                for lane in 0..L {
                    let (low, high) = join(
                        fused,
                        [a_re[index][lane], a_im[index][lane]],
                        [b_re[index][lane], b_im[index][lane]],
                        first,
                    );
                    let (other_low, other_high) = join(
                        fused,
                        [c_re[index][lane], c_im[index][lane]],
                        [d_re[index][lane], d_im[index][lane]],
                        first,
                    );
                    ([a[0][lane], a[1][lane]], [c[0][lane], c[1][lane]]) =
                        join(fused, low, other_low, second);
                    ([b[0][lane], b[1][lane]], [d[0][lane], d[1][lane]]) =
                        join(fused, high, other_high, third);
                }
                ([a_re[index], a_im[index]], [b_re[index], b_im[index]]) = (a, b);
                ([c_re[index], c_im[index]], [d_re[index], d_im[index]]) = (c, d);
            }
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

/// Of `4 * width` things.
#[inline(always)]
fn quarters<T>(all: &mut [T], width: usize) -> [&mut [T]; 4] {
    let (low, high) = all.split_at_mut(2 * width);
    let ((a, b), (c, d)) = (low.split_at_mut(width), high.split_at_mut(width));
    [a, b, c, d]
}

/// A complex number and another one that is turned: their sum and their difference.
#[inline(always)]
fn join(fused: bool, [re, im]: [f32; 2], other: [f32; 2], by: [f32; 2]) -> ([f32; 2], [f32; 2]) {
    let (x, y) = turn(fused, other, by);
    ([re + x, im + y], [re - x, im - y])
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
