//! The measures against values computed by hand.

use persona_voice::Rate;
use persona_voice::score::{
    BadLabels, Clip, Confusion, Draw, Ends, Labels, Pool, Ranking, Tally, Variant, causal, native,
};

use crate::support::talk::talk;

fn pool(speech: &[f32], silence: &[f32]) -> Ranking {
    let mut pool = Pool::default();
    for &score in silence {
        pool.add(score, false);
    }
    for &score in speech {
        pool.add(score, true);
    }
    pool.rank()
}

/// Each clip once.
fn all() -> Draw {
    Draw::default()
}

fn near(found: impl Into<Option<f64>>, expected: f64) {
    let found = found.into().unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn area_under_the_curve() {
    near(pool(&[0.9, 0.8], &[0.1, 0.2]).roc_auc(&all()), 1.0);
    near(pool(&[0.1, 0.2], &[0.9, 0.8]).roc_auc(&all()), 0.0);
    near(pool(&[0.5], &[0.5]).roc_auc(&all()), 0.5);
    // Of six pairs, 0.8 wins two, 0.4 wins one and ties one, 0.2 wins one... in all 3.5 of 6.
    near(pool(&[0.8, 0.4, 0.1], &[0.4, 0.2]).roc_auc(&all()), 3.5 / 6.0);
    assert_eq!((pool(&[0.5], &[]).roc_auc(&all()), pool(&[], &[0.5]).roc_auc(&all())), (None, None));
}

#[test]
fn average_precision() {
    // Precisions where speech is found: 1/1, then 2/3, then 3/5.
    near(pool(&[0.9, 0.7, 0.3], &[0.8, 0.5]).average_precision(&all()), (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0);
    // Equal scores are taken together: both found of three.
    near(pool(&[0.5, 0.5], &[0.5]).average_precision(&all()), 2.0 / 3.0);
    assert_eq!(pool(&[], &[0.5]).average_precision(&all()), None);
}

#[test]
fn f1() {
    let pool = pool(&[0.9, 0.7, 0.3], &[0.8, 0.5]);
    assert_eq!(pool.confusion_at(0.5, &all()), Confusion { found: 2, invented: 2, missed: 1 });
    near(pool.confusion_at(0.5, &all()).f1(), 4.0 / 7.0);
    near(pool.confusion_at(0.95, &all()).f1(), 0.0);
    // All taken for speech: 3 found, 2 invented, none missed.
    let (best, threshold) = pool.best_f1(&all()).unwrap();
    near(best, 6.0 / 8.0);
    assert!((threshold - 0.3).abs() < 1e-6);
}

#[test]
fn a_score_that_is_no_number_is_no_speech() {
    assert_eq!(pool(&[f32::NAN], &[]).confusion_at(0.5, &all()).missed, 1);
    near(pool(&[f32::NAN], &[0.1]).roc_auc(&all()), 0.0);
}

fn labels() -> Labels {
    Labels::parse("start_s,end_s,speech\n0,0.1,0\n0.1,0.5,1\n0.5,1.0,0\n").unwrap()
}

#[test]
fn each_frame_is_held_against_the_label_at_its_middle() {
    // Middles at 50 ms, 150 ms …, 950 ms, and two frames after the labels' end.
    let mut pool = Pool::default();
    native(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.9, 1.0, 1.0], 1_600, &labels(), &mut pool);
    let pool = pool.rank();
    assert_eq!(
        (pool.len(), pool.confusion_at(0.5, &all())),
        (10, Confusion { found: 4, invented: 1, missed: 0 })
    );
}

#[test]
fn a_live_agent_knows_a_frame_when_it_is_over() {
    let mut pool = Pool::default();
    causal(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1_600, &labels(), &mut pool);
    // Ten cells late at either side.
    let pool = pool.rank();
    assert_eq!(
        (pool.len(), pool.confusion_at(0.5, &all())),
        (100, Confusion { found: 30, invented: 10, missed: 10 })
    );
}

#[test]
fn ends_are_counted_from_the_label_to_the_end_of_the_frame() {
    let mut ends = Ends::default();
    // 512 samples: frames end every 32 ms. Speech ends at 500 ms, within frame 15, which ends at 512 ms.
    let mut scores = [1.0; 31];
    scores[15] = 0.4;
    ends.add(&scores, 512, &labels(), 0.5);
    near(ends.percentile(0.5, &all()), 12.0);
    scores[15] = 0.5;
    scores[17] = 0.0;
    ends.add(&scores, 512, &labels(), 0.5);
    near(ends.percentile(1.0, &all()), 76.0);
    ends.add(&[1.0; 31], 512, &labels(), 0.5);
    assert_eq!((ends.found(), ends.missed()), (2, 1));
    assert_eq!(Ends::default().percentile(0.5, &all()), None);
}

#[test]
fn short_silences_and_those_before_any_speech_are_no_ends() {
    let mut ends = Ends::default();
    let labels = Labels::parse("0,1,0\n1,2,1\n2,2.19,0\n2.19,3,1\n3,3.1,0\n3.1,3.2,0\n").unwrap();
    ends.add(&[0.0; 100], 512, &labels, 0.5);
    assert_eq!((ends.found(), ends.missed()), (1, 0));
}

#[test]
fn labels_are_contiguous_lines() {
    let labels = labels();
    let at = [0.0, 0.05, 0.1, 0.49, 0.5, 0.99, 1.0].map(|seconds| labels.at(seconds));
    assert_eq!(at, [Some(false), Some(false), Some(true), Some(true), Some(false), Some(false), None]);
    for (csv, line) in [
        ("0,1", 1),
        ("0,1,2", 1),
        ("0,1,1,1", 1),
        ("0,1,1\n1.5,2,0", 2),
        ("0,1,1\n\n1,0.5,0", 3),
        ("0,inf,1", 1),
        ("0,1,1\nstart_s,end_s,speech", 2),
        ("a,b,0", 1),
    ] {
        assert_eq!(Labels::parse(csv), Err(BadLabels { line }), "{csv}");
    }
}

/// Two seconds, of which every other fifth is speech.
fn fifths() -> Labels {
    let line = |at: u32| format!("{},{},{}\n", f64::from(at) / 5.0, f64::from(at + 1) / 5.0, at % 2);
    Labels::parse(&(0..10).map(line).collect::<Vec<_>>().concat()).unwrap()
}

/// Frames of 20 ms that know it, or are wrong in one of so many.
fn scores(wrong_each: usize) -> Vec<f32> {
    let truth = |frame: usize| frame / 10 % 2 == 1;
    let right = |frame: usize| frame % wrong_each != wrong_each - 1;
    (0..100).map(|frame| if truth(frame) == right(frame) { 0.9 } else { 0.1 }).collect()
}

#[test]
fn what_one_detector_gains_over_another() {
    let (mut good, mut bad) = (Tally::default(), Tally::default());
    for clip in 0..8 {
        good.add(&scores(50), 320, &fifths());
        bad.add(&scores(3 + clip), 320, &fifths());
    }
    let (better, worse) = (good.gains_over(&bad, 100, 1), bad.gains_over(&good, 100, 1));
    let (up, down) = (better.roc_auc.unwrap(), worse.roc_auc.unwrap());
    near(up.value, good.scores().causal.roc_auc.unwrap() - bad.scores().causal.roc_auc.unwrap());
    near(up.value, -down.value);
    near(up.low, -down.high);
    assert!(0.0 < up.low && up.low < up.value && up.value < up.high, "{up:?}");
    near(up.above_zero, 1.0);
    near(down.above_zero, 0.0);
    assert_eq!(better, good.gains_over(&bad, 100, 1));
    assert_ne!(better, good.gains_over(&bad, 100, 2));
    let none = good.gains_over(&good, 100, 1);
    near(none.best_f1.unwrap().high, 0.0);
    near(none.best_f1.unwrap().above_zero, 0.0);
}

/// One clip decides: drawn or not, the other nine are alike for both.
#[test]
fn a_gain_of_one_clip_is_not_sure() {
    let (mut one, mut other) = (Tally::default(), Tally::default());
    for clip in 0..10 {
        one.add(&scores(if clip == 0 { 50 } else { 5 }), 320, &fifths());
        other.add(&scores(5), 320, &fifths());
    }
    let gain = one.gains_over(&other, 400, 7).f1.unwrap();
    assert!(gain.value > 0.0 && gain.low.abs() < 1e-12, "{gain:?}");
    // It is left out of 0.9^10 of the draws.
    assert!((gain.above_zero - 0.651).abs() < 0.08, "{gain:?}");
}

#[test]
fn without_speech_there_is_nothing_to_tell() {
    let mut tally = Tally::default();
    tally.add(&[0.1; 10], 512, &Labels::parse("0,1,0").unwrap());
    let scores = tally.scores();
    assert_eq!((scores.frames.roc_auc, scores.causal.best_f1, scores.end_median_ms), (None, None, None));
    assert_eq!(tally.gains_over(&tally, 100, 1).roc_auc, None);
    assert_eq!(Tally::default().gains_over(&Tally::default(), 100, 1).f1, None);
}

/// Ten, of which every other is speech.
fn seconds() -> Labels {
    let lines: Vec<_> = (0..10).map(|at| format!("{at},{},{}\n", at + 1, at % 2)).collect();
    Labels::parse(&lines.concat()).unwrap()
}

fn clip() -> Clip {
    let samples = talk(Rate::Wide, 3, 10).into_iter().map(|sample| f32::from(sample) / 80_000.0).collect();
    Clip { rate: Rate::Wide, samples, labels: seconds() }
}

fn power(samples: impl Iterator<Item = f32>) -> f64 {
    let squares: Vec<_> = samples.map(|sample| f64::from(sample).powi(2)).collect();
    squares.iter().sum::<f64>() / squares.len() as f64
}

#[test]
fn noise_is_as_loud_as_it_is_said_to_be() {
    let clip = clip();
    let speech = clip.samples.chunks(16_000).skip(1).step_by(2).flatten().copied();
    let speech = power(speech);
    for decibels in [10, 5, 0] {
        let noisy = clip.varied(Variant::Pink(decibels), 1);
        let added = noisy.samples.iter().zip(&clip.samples).map(|(heard, clean)| heard - clean);
        let ratio = 10.0 * (speech / power(added)).log10();
        assert!((ratio - f64::from(decibels)).abs() < 0.2, "{ratio}");
        assert_eq!(noisy, clip.varied(Variant::Pink(decibels), 1));
        assert_ne!(noisy, clip.varied(Variant::Pink(decibels), 2));
    }
    assert_eq!(clip.varied(Variant::Clean, 1), clip);
}

/// Between neighbouring samples pink noise differs less than white noise, whose ratio is 2, and more than brown.
#[test]
fn noise_is_pink() {
    let silence = Clip { samples: vec![0.01; 160_000], ..clip() };
    let noise: Vec<_> =
        silence.varied(Variant::Pink(20), 5).samples.iter().map(|sample| sample - 0.01).collect();
    // The mean of every n samples loses less power than that of white noise (a n-th), by half of the octaves.
    let ratio = |n: usize| {
        power(noise.iter().copied()) / power(noise.chunks(n).map(|it| it.iter().sum::<f32>() / n as f32))
    };
    assert!((1.1..1.6).contains(&ratio(4)) && (1.5..2.6).contains(&ratio(64)), "{} {}", ratio(4), ratio(64));
}

#[test]
fn a_telephone_has_8_khz_and_few_steps() {
    let wide = clip();
    let narrow = wide.varied(Variant::Mulaw, 1);
    assert_eq!((narrow.rate, narrow.samples.len()), (Rate::Narrow, wide.samples.len() / 2));
    let mut steps: Vec<_> = narrow.samples.iter().map(|sample| sample.abs().to_bits()).collect();
    steps.sort_unstable();
    steps.dedup();
    assert!((20..=128).contains(&steps.len()), "{}", steps.len());
    // A tone of 500 Hz comes through, in its place; one of 6 kHz does not.
    let tone = |hz: f64| {
        let sine = |at: usize| (0.5 * (at as f64 * hz * std::f64::consts::TAU / 16_000.0).sin()) as f32;
        Clip { samples: (0..16_000).map(sine).collect(), ..clip() }
    };
    let (low, high) = (tone(500.0), tone(6_000.0));
    let heard = low.varied(Variant::Mulaw, 1).samples;
    let worst = heard[64..7_900].iter().zip(low.samples[128..].iter().step_by(2)).map(|(a, b)| (a - b).abs());
    assert!(worst.fold(0.0, f32::max) < 0.02);
    assert!(power(high.varied(Variant::Mulaw, 1).samples[64..7_900].iter().copied()) < 1e-6);
}

#[test]
fn a_clip_is_a_wav_file_at_a_rate_of_the_detectors() {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(32_000_u32.to_le_bytes());
    file.extend(64_000_u32.to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(0_u32.to_le_bytes());
    file.extend((0..32_000).flat_map(|_| 8_192_i16.to_le_bytes()));
    let clip = Clip::from_wav(&file, seconds()).unwrap();
    assert_eq!(clip.rate, Rate::Wide);
    // All but what the resampler still holds.
    assert!((15_980..=16_000).contains(&clip.samples.len()), "{}", clip.samples.len());
    assert!(clip.samples[100..].iter().all(|sample| (sample - 0.25).abs() < 1e-3));
    assert!(Clip::from_wav(&file[..20], seconds()).is_err());
}
