//! The measures against values computed by hand.

use persona_voice::score::{BadLabels, Confusion, Ends, Labels, Pool, causal, native};

fn pool(speech: &[f32], silence: &[f32]) -> Pool {
    let mut pool = Pool::default();
    for &score in silence {
        pool.add(score, false);
    }
    for &score in speech {
        pool.add(score, true);
    }
    pool
}

fn near(found: impl Into<Option<f64>>, expected: f64) {
    let found = found.into().unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn area_under_the_curve() {
    near(pool(&[0.9, 0.8], &[0.1, 0.2]).roc_auc(), 1.0);
    near(pool(&[0.1, 0.2], &[0.9, 0.8]).roc_auc(), 0.0);
    near(pool(&[0.5], &[0.5]).roc_auc(), 0.5);
    // Of six pairs, 0.8 wins two, 0.4 wins one and ties one, 0.2 wins one... in all 3.5 of 6.
    near(pool(&[0.8, 0.4, 0.1], &[0.4, 0.2]).roc_auc(), 3.5 / 6.0);
    assert_eq!((pool(&[0.5], &[]).roc_auc(), pool(&[], &[0.5]).roc_auc()), (None, None));
}

#[test]
fn average_precision() {
    // Precisions where speech is found: 1/1, then 2/3, then 3/5.
    near(pool(&[0.9, 0.7, 0.3], &[0.8, 0.5]).average_precision(), (1.0 + 2.0 / 3.0 + 3.0 / 5.0) / 3.0);
    // Equal scores are taken together: both found of three.
    near(pool(&[0.5, 0.5], &[0.5]).average_precision(), 2.0 / 3.0);
    assert_eq!(pool(&[], &[0.5]).average_precision(), None);
}

#[test]
fn f1() {
    let pool = pool(&[0.9, 0.7, 0.3], &[0.8, 0.5]);
    assert_eq!(pool.confusion_at(0.5), Confusion { found: 2, invented: 2, missed: 1 });
    near(pool.confusion_at(0.5).f1(), 4.0 / 7.0);
    near(pool.confusion_at(0.95).f1(), 0.0);
    // All taken for speech: 3 found, 2 invented, none missed.
    let (best, threshold) = pool.best_f1().unwrap();
    near(best, 6.0 / 8.0);
    assert!((threshold - 0.3).abs() < 1e-6);
}

#[test]
fn a_score_that_is_no_number_is_no_speech() {
    assert_eq!(pool(&[f32::NAN], &[]).confusion_at(0.5).missed, 1);
    near(pool(&[f32::NAN], &[0.1]).roc_auc(), 0.0);
}

fn labels() -> Labels {
    Labels::parse("start_s,end_s,speech\n0,0.1,0\n0.1,0.5,1\n0.5,1.0,0\n").unwrap()
}

#[test]
fn each_frame_is_held_against_the_label_at_its_middle() {
    // Middles at 50 ms, 150 ms …, 950 ms, and two frames after the labels' end.
    let mut pool = Pool::default();
    native(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.9, 1.0, 1.0], 1_600, &labels(), &mut pool);
    assert_eq!((pool.len(), pool.confusion_at(0.5)), (10, Confusion { found: 4, invented: 1, missed: 0 }));
}

#[test]
fn a_live_agent_knows_a_frame_when_it_is_over() {
    let mut pool = Pool::default();
    causal(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1_600, &labels(), &mut pool);
    // Ten cells late at either side.
    assert_eq!(
        (pool.len(), pool.confusion_at(0.5)),
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
    near(ends.percentile(0.5), 12.0);
    scores[15] = 0.5;
    scores[17] = 0.0;
    ends.add(&scores, 512, &labels(), 0.5);
    near(ends.percentile(1.0), 76.0);
    ends.add(&[1.0; 31], 512, &labels(), 0.5);
    assert_eq!((ends.found(), ends.missed()), (2, 1));
    assert_eq!(Ends::default().percentile(0.5), None);
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
