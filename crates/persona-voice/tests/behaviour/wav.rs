//! Headers of WAV files, honest and not.

use persona_voice::{Encoding, Fault, Format, Wav};
use proptest::prelude::*;

/// Tag, bits, channels, rate; block and data length as a writer would give them.
#[derive(Clone)]
struct Header {
    tag: u16,
    bits: u16,
    channels: u16,
    hz: u32,
    block: u16,
    data_length: u32,
    extensible: bool,
    extra: &'static [u8],
}

const PCM: Header = Header {
    tag: 1,
    bits: 16,
    channels: 1,
    hz: 16_000,
    block: 2,
    data_length: 8,
    extensible: false,
    extra: b"",
};

fn file(header: &Header, data: &[u8]) -> Vec<u8> {
    let mut format = Vec::new();
    format.extend(if header.extensible { 0xfffe } else { header.tag }.to_le_bytes());
    format.extend(header.channels.to_le_bytes());
    format.extend(header.hz.to_le_bytes());
    format.extend((header.hz * u32::from(header.block)).to_le_bytes());
    format.extend(header.block.to_le_bytes());
    format.extend(header.bits.to_le_bytes());
    if header.extensible {
        format.extend([22, 0, 16, 0, 4, 0, 0, 0]);
        format.extend(header.tag.to_le_bytes());
        format.extend([0; 14]);
    }
    let mut file = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
    file.extend(header.extra);
    file.extend(b"fmt ");
    file.extend((format.len() as u32).to_le_bytes());
    file.extend(format);
    file.extend(b"data");
    file.extend(header.data_length.to_le_bytes());
    file.extend(data);
    file
}

fn check(header: &Header, data: &[u8], expected: Result<(Format, &[u8]), Fault>) {
    let file = file(header, data);
    let found = Wav::parse(&file).map(|wav| (wav.format, &file[wav.data]));
    assert_eq!(found, expected);
}

#[test]
fn every_encoding_is_known() {
    let cases = [
        (PCM, Encoding::Pcm16),
        (Header { bits: 8, block: 1, hz: 11_025, ..PCM }, Encoding::Pcm8),
        (Header { bits: 24, block: 6, channels: 2, data_length: 6, ..PCM }, Encoding::Pcm24),
        (Header { bits: 32, block: 4, ..PCM }, Encoding::Pcm32),
        (Header { tag: 3, bits: 32, block: 4, ..PCM }, Encoding::Float32),
        (Header { tag: 6, bits: 8, block: 1, hz: 8_000, ..PCM }, Encoding::Alaw),
        (Header { tag: 7, bits: 8, block: 1, hz: 8_000, ..PCM }, Encoding::Mulaw),
        (Header { extensible: true, ..PCM }, Encoding::Pcm16),
        (Header { channels: 2, block: 4, hz: 44_100, ..PCM }, Encoding::Pcm16),
    ];
    for (header, encoding) in cases {
        let format = Format::new(header.hz, encoding, header.channels as u8, 0).unwrap();
        let sound = &b"12345678"[..header.data_length as usize];
        check(&header, b"12345678", Ok((format, sound)));
    }
}

#[test]
fn other_chunks_are_skipped_with_their_padding() {
    let format = Format::mono(16_000, Encoding::Pcm16).unwrap();
    check(&Header { extra: b"LIST\x03\0\0\0abc\0", ..PCM }, b"12345678", Ok((format, b"12345678")));
    check(&PCM, b"12345678LIST\x02\0\0\0ab", Ok((format, b"12345678")));
}

#[test]
fn a_length_that_nobody_knew() {
    let format = Format::mono(16_000, Encoding::Pcm16).unwrap();
    // As sox and espeak-ng write it into a pipe, and arecord.
    for data_length in [0, u32::MAX, 0x7fff_f000, 0x8000_0000] {
        check(&Header { data_length, ..PCM }, b"123456789", Ok((format, b"12345678")));
    }
}

#[test]
fn headers_that_lie() {
    check(&Header { data_length: 10, ..PCM }, b"12345678", Err(Fault::WavTruncated));
    check(&Header { block: 4, ..PCM }, b"12345678", Err(Fault::BadWav));
    check(&Header { data_length: 0x7ffe_ffff, ..PCM }, b"12345678", Err(Fault::WavTruncated));
    check(&Header { bits: 20, block: 3, ..PCM }, b"12345678", Err(Fault::UnknownEncoding));
    check(&Header { tag: 3, bits: 64, block: 8, ..PCM }, b"12345678", Err(Fault::UnknownEncoding));
    check(&Header { tag: 0x55, ..PCM }, b"12345678", Err(Fault::UnknownEncoding));
    check(&Header { hz: 11_000, ..PCM }, b"12345678", Err(Fault::UnknownRate));
    check(&Header { channels: 0, ..PCM }, b"12345678", Err(Fault::BadChannel));
    check(&Header { channels: 1_000, ..PCM }, b"12345678", Err(Fault::BadChannel));
    check(&Header { extra: b"data\x02\0\0\0ab", ..PCM }, b"12345678", Err(Fault::BadWav));
    check(&Header { extra: b"LIST\xff\xff\xff\xff", ..PCM }, b"12345678", Err(Fault::WavTruncated));
    assert_eq!(Wav::parse(b"RIFF\0\0\0\0AVI "), Err(Fault::BadWav));
}

#[test]
fn a_file_may_end_anywhere() {
    let whole = file(&PCM, b"12345678");
    for length in 0..whole.len() {
        let fault = Wav::parse(&whole[..length]).unwrap_err();
        assert!(matches!(fault, Fault::BadWav | Fault::WavTruncated), "{length}: {fault:?}");
    }
    assert!(Wav::parse(&whole).is_ok());
}

proptest! {
    #[test]
    fn no_header_brings_the_reader_down(at in 0..60_usize, bytes in any::<[u8; 4]>(), extensible: bool) {
        let mut file = file(&Header { extensible, ..PCM }, b"12345678");
        for (place, byte) in file.iter_mut().skip(at).zip(bytes) {
            *place = byte;
        }
        if let Ok(wav) = Wav::parse(&file) {
            prop_assert!(wav.data.end <= file.len());
        }
    }
}
