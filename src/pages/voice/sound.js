// Where sound comes from: a file, or the microphone. Always one channel of 16-bit samples.

/** Rates that the server understands. */
const RATES = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000];

/**
 * What a file holds, at 16 kHz; at 8 kHz if it is a telephone's. Throws for what the browser cannot play.
 * @param {Blob} file
 */
export async function decode(file) {
  const bytes = await file.arrayBuffer();
  const rate = rateOfWav(bytes) === 8_000 ? 8_000 : 16_000;
  // Its length does not matter: it only says at which rate to decode.
  const context = new OfflineAudioContext(1, 1, rate);
  const buffer = await context.decodeAudioData(bytes);
  return { rate, samples: toPcm16(buffer.getChannelData(0)) };
}

/** @param {ArrayBuffer} bytes */
function rateOfWav(bytes) {
  const view = new DataView(bytes);
  const isWav = bytes.byteLength >= 28 && view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645;
  return isWav ? view.getUint32(24, true) : undefined;
}

/**
 * Calls `hear` with samples until it is stopped. Throws if there is no microphone, or it may not be used.
 * @param {(samples: Int16Array) => void} hear
 */
export async function listen(hear) {
  if (navigator.mediaDevices === undefined) {
    throw new Error("Browsers lend their microphone to https: pages and to localhost only.");
  }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  let context = new AudioContext();
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
  source.connect(worklet);
  await context.resume();
  return {
    rate: context.sampleRate,
    stop() {
      for (const track of stream.getTracks()) track.stop();
      void context.close();
    },
  };
}

/** @param {Float32Array} samples */
function toPcm16(samples) {
  return Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))));
}
