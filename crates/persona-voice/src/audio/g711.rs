//! The two curves of telephony (ITU-T G.711), as tables from -1 to 1.

pub(super) static MULAW: [f32; 256] = table(true);
pub(super) static ALAW: [f32; 256] = table(false);

/// What µ-law leaves of samples.
pub(crate) fn through_mulaw(samples: &[f32]) -> Vec<f32> {
    samples.iter().map(|sample| MULAW[usize::from(compress_mulaw(*sample))]).collect()
}

/// The code of the interval that a sample lies in.
fn compress_mulaw(sample: f32) -> u8 {
    let magnitude = ((sample.abs() * 32_768.0).round() as u32).min(32_635) + 132;
    let segment = magnitude.ilog2() - 7;
    let code = (segment << 4) | ((magnitude >> (segment + 3)) & 15);
    let sign = if sample < 0.0 { 128 } else { 0 };
    !(sign | code as u8)
}

const fn table(mulaw: bool) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = if mulaw { expand_mulaw(byte as u8) } else { expand_alaw(byte as u8) };
        table[byte] = value as f32 / 32_768.0;
        byte += 1;
    }
    table
}

/// All bits are sent inverted; a bias of 33 steps makes every segment begin at a power of two.
const fn expand_mulaw(byte: u8) -> i32 {
    let bits = !byte as i32;
    let magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
    if bits & 128 == 0 { magnitude } else { -magnitude }
}

/// Every other bit is sent inverted; the two lowest segments are alike.
const fn expand_alaw(byte: u8) -> i32 {
    let bits = (byte ^ 0x55) as i32;
    let (segment, step) = ((bits >> 4) & 7, (bits & 15) << 4);
    let magnitude = if segment == 0 { step + 8 } else { (step + 264) << (segment - 1) };
    if bits & 128 == 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends and the middle of the tables, after G.711's tables 1a to 2b, in 16-bit steps.
    #[test]
    fn known_values() {
        let mulaw = [(0x00, -32_124), (0x0f, -16_764), (0x7f, 0), (0x80, 32_124), (0xef, 132), (0xff, 0)];
        let alaw = [(0x2a, -32_256), (0x55, -8), (0xaa, 32_256), (0xd5, 8), (0x80, 5_504), (0xc5, 264)];
        for (byte, value) in mulaw {
            assert_eq!(expand_mulaw(byte), value, "µ-law {byte:#x}");
        }
        for (byte, value) in alaw {
            assert_eq!(expand_alaw(byte), value, "A-law {byte:#x}");
        }
    }

    #[test]
    fn a_code_comes_back_as_itself() {
        for code in 0..=255_u8 {
            let value = MULAW[usize::from(code)];
            assert_eq!(
                MULAW[usize::from(compress_mulaw(value))].to_bits() << 1,
                value.to_bits() << 1,
                "{code}"
            );
        }
        // Steps grow with the value, to a thirty-second of it.
        for step in -980_i16..=980 {
            let sample = f32::from(step) / 1_000.0;
            let found = MULAW[usize::from(compress_mulaw(sample))];
            assert!((found - sample).abs() <= sample.abs() / 32.0 + 2e-4, "{sample}: {found}");
        }
    }

    #[test]
    fn louder_codes_are_louder() {
        for code in 0..127 {
            assert!(expand_mulaw(0xff ^ code) < expand_mulaw(0xff ^ (code + 1)), "µ-law {code}");
            assert!(expand_alaw(0xd5 ^ code) < expand_alaw(0xd5 ^ (code + 1)), "A-law {code}");
        }
        for code in 0..=255 {
            assert_eq!(expand_mulaw(code), -expand_mulaw(code ^ 0x80), "µ-law {code}");
            assert_eq!(expand_alaw(code), -expand_alaw(code ^ 0x80), "A-law {code}");
        }
    }
}
