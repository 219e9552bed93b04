// Where sound comes from: a file, or the microphone. Always 16-bit samples.

/** Rates that the server understands. */
const RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000];

/** Bytes of a file: what is decoded is several times as large. */
const MOST_BYTES = 268_435_456;

/**
 * The channels of a file, at 16 kHz; at 8 kHz if it has less than that, as a telephone's. Throws what a person can read.
 * @param {File} file
 */
export async function decode(file) {
  if (file.size > MOST_BYTES) {
    throw new Error(`${file.name} is larger than 256 MB: use \`persona-runtime vad\` for it, or a part of it.`);
  }
  const bytes = await file.arrayBuffer();
  const rate = rateOfWav(bytes) < 16_000 ? 8_000 : 16_000;
  // Its length does not matter: it only says at which rate to decode.
  const context = new OfflineAudioContext(1, 1, rate);
  try {
    const buffer = await context.decodeAudioData(bytes);
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, n) => toPcm16(buffer.getChannelData(n)));
    return { rate, channels };
  } catch {
    throw new Error(`${file.name} is no sound that this browser can read.`);
  }
}

/** All channels in one, each as loud as the others. @param {Int16Array<ArrayBuffer>[]} channels */
export function mixed(channels) {
  const [first = new Int16Array(), ...others] = channels;
  if (others.length === 0) return first;
  return first.map((sample, at) =>
    Math.round(others.reduce((sum, channel) => sum + (channel[at] ?? 0), sample) / channels.length),
  );
}

/** Not a number if it is no WAV file. @param {ArrayBuffer} bytes */
function rateOfWav(bytes) {
  const view = new DataView(bytes);
  const isWav = bytes.byteLength >= 28 && view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645;
  return isWav ? view.getUint32(24, true) : Number.NaN;
}

/** What a browser says when it lends no microphone, by the name of its error. @type {Record<string, string>} */
const NO_MICROPHONE = {
  NotAllowedError:
    "This page may not use the microphone. Allow it where the browser shows the page's address, then try again.",
  NotFoundError: "There is no microphone.",
  NotReadableError: "The microphone is used by something else, or does not work.",
};

/**
 * Calls `hear` with samples until it is stopped, `lost` if the microphone goes away. Throws what a person can read.
 * @param {(samples: Int16Array<ArrayBuffer>) => void} hear
 * @param {() => void} lost
 */
export async function listen(hear, lost) {
  if (navigator.mediaDevices === undefined) {
    throw new Error("Browsers lend their microphone to https: pages and to localhost only.");
  }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } }).catch((error) => {
    throw new Error(NO_MICROPHONE[error.name] ?? `The microphone cannot be used: ${error.message}`);
  });
  /** @type {AudioContext | undefined} */
  let context;
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    void context?.close();
  };
  try {
    context = new AudioContext();
    if (!RATES.includes(context.sampleRate)) {
      await context.close();
      context = new AudioContext({ sampleRate: 48_000 });
    }
    await context.audioWorklet.addModule("/voice/microphone.js");
    const source = context.createMediaStreamSource(stream);
    const worklet = new AudioWorkletNode(context, "microphone", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    worklet.port.onmessage = ({ data }) => {
      for (const block of /** @type {Float32Array[]} */ (data)) hear(toPcm16(block));
    };
    for (const track of stream.getTracks()) track.onended = lost;
    source.connect(worklet);
    await context.resume();
    return { rate: context.sampleRate, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** @param {Float32Array} samples @returns {Int16Array<ArrayBuffer>} */
function toPcm16(samples) {
  return Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))));
}
