//! The two curves of telephony (ITU-T G.711), as tables from -1 to 1.

pub(super) static MULAW: [f32; 256] = table(true);
pub(super) static ALAW: [f32; 256] = table(false);

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
