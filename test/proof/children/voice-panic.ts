/**
 * `node voice-panic.ts`, with the addon of `test/proof/panic`: one of three voices panics. Prints what each was told.
 */
import { type Addon, loadAddon } from "../../../src/addon.ts";
import { type PersonaError, type VoiceEvent, VoiceStream } from "../../../src/voice.ts";

type Open = Addon["voiceOpen"];
type Words = Parameters<Open>;
const addon = loadAddon() as Addon & {
  voiceOpenPanicking(hearing: Words[0], id: number, format: Words[3], turn: Words[4], probabilities: boolean): void;
};
const { voiceOpen, voiceOpenPanicking } = addon;

const FRAME = 512;
const SECOND = new Int16Array(16_000);
/** Two frames that it bears, and one that it does not. */
const BAD = Int16Array.from({ length: 3 * FRAME }, (_, n) => (n === 2 * FRAME ? -32_768 : 0));
const bytesOf = (samples: Int16Array) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

function open(panicking: boolean): { stream: VoiceStream; events: VoiceEvent[] } {
  const events: VoiceEvent[] = [];
  Object.assign(addon, {
    voiceOpen: (...[hearing, id, detector, format, turn, probabilities]: Words) =>
      panicking
        ? voiceOpenPanicking(hearing, id, format, turn, probabilities)
        : voiceOpen(hearing, id, detector, format, turn, probabilities),
  });
  const stream = new VoiceStream({
    format: { sampleRate: 16_000 },
    detector: "network",
    probabilities: true,
    onEvent: (event) => events.push(event),
  });
  return { stream, events };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "nothing",
    ({ code }: PersonaError) => code,
  );

async function heard({ stream, events }: ReturnType<typeof open>): Promise<number> {
  await stream.write(bytesOf(SECOND));
  await stream.finish();
  return events.length;
}

const [bad, other] = [open(true), open(false)];
const beside = await heard(open(true));
bad.stream.push(bytesOf(BAD));
const finish = await codeOf(bad.stream.finish());
const write = await codeOf(bad.stream.write(bytesOf(SECOND)));
const push = await codeOf((async () => bad.stream.push(bytesOf(SECOND)))());
const failed = bad.events.find((event) => event.type === "failed");
const after = await heard(open(true));
console.log(
  JSON.stringify({
    told: bad.events.map(({ type }) => type),
    event: failed?.type === "failed" ? failed.error.code : undefined,
    finish,
    write,
    push,
    beside,
    after,
    other: (await heard(other)) === 31,
  }),
);
