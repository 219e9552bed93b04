/** In a process of its own: what one contender scores on labelled clips, and how far it is from the reference. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LabelledClip, Tally, type TallyScores, VARIANTS, type Variant } from "../../src/voice/score.ts";
import { measured } from "../support/isolated.ts";
import { CONTENDERS, type Contender, type ContenderName, scoresOf } from "./contenders.ts";

export interface AccuracyOptions {
  readonly contender: ContenderName;
  readonly folder: string;
  readonly seed: number;
}

export interface Accuracy {
  readonly clips: number;
  /** A telephone's sound is for those only that take 8 kHz. */
  readonly variants: Readonly<Partial<Record<Variant, TallyScores>>>;
  /** The greatest difference from the reference on the clean clips; of our network only. */
  readonly parity?: number;
}

await measured(async ({ contender: name, folder, seed }: AccuracyOptions): Promise<Accuracy> => {
  const contender: Contender = CONTENDERS[name];
  const clips = clipsIn(folder);
  const open = await contender.open?.();
  const variants: Partial<Record<Variant, TallyScores>> = {};
  for (const variant of VARIANTS) {
    const tally = new Tally();
    for (const [n, clip] of clips.entries()) {
      const varied = clip.varied(variant, seed + n);
      if (varied.rate !== 16_000 && open !== undefined) continue;
      const scores = open === undefined ? varied.scoredBy(contender.ours ?? "network") : undefined;
      varied.addTo(tally, scores ?? (await heard(open, varied, contender.frameMs)), contender.frameMs);
    }
    const scores = tally.scores();
    if (scores.frames.count > 0) variants[variant] = scores;
  }
  if (name !== "network") return { clips: clips.length, variants };
  return { clips: clips.length, variants, parity: await parityOf(clips) };
});

function heard(
  open: (() => ReturnType<Awaited<ReturnType<NonNullable<Contender["open"]>>>>) | undefined,
  clip: LabelledClip,
  frameMs: number,
) {
  if (open === undefined) throw new Error("It cannot hear.");
  return scoresOf(open(), clip.samples, frameMs);
}

async function parityOf(clips: readonly LabelledClip[]): Promise<number> {
  const reference = await CONTENDERS.onnx.open();
  let most = 0;
  for (const clip of clips.filter(({ rate }) => rate === 16_000)) {
    const expected = await scoresOf(reference(), clip.samples, 32);
    const found = clip.scoredBy("network");
    if (found.length !== expected.length) throw new Error("There are more frames in one than in the other.");
    for (const [n, score] of found.entries()) most = Math.max(most, Math.abs(score - (expected[n] ?? Number.NaN)));
  }
  // Another network, or wrong frames, would be away by a hundred times as much.
  if (!(most <= 1e-4)) throw new Error(`The network is ${most} away from the reference.`);
  return most;
}

function clipsIn(folder: string): readonly LabelledClip[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".wav"));
  if (names.length === 0) throw new Error(`There is no WAV file in ${folder}.`);
  return names.sort().map((name) => {
    const file = join(folder, name);
    return LabelledClip.read(readFileSync(file), readFileSync(file.replace(/\.wav$/, ".csv"), "utf8"));
  });
}
