/** `persona-runtime vad score`: how good the detectors are on labelled sound. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { counted } from "../counted.ts";
import { PersonaError } from "../errors.ts";
import { LabelledClip, Tally, type TallyGains, type TallyScores, VARIANTS, type Variant } from "../voice/score.ts";
import { readInput } from "./input.ts";
import { progressBar } from "./progress.ts";
import { table } from "./terminal.ts";
import { inFile, wavOf } from "./vad.ts";

export interface VadScoreOptions {
  /** Draws of the bootstrap; without it there is none. */
  readonly bootstrap?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** The refined detector is compared with the bare network. */
const FRAME_MS = { network: 32, refined: 8 } as const;
type Contender = keyof typeof FRAME_MS;
const CONTENDERS = Object.keys(FRAME_MS) as Contender[];

interface Result {
  readonly variant: Variant;
  readonly scores: Readonly<Record<Contender, TallyScores>>;
  readonly gains?: TallyGains;
}

export async function vadScoreCommand(folder: string, options: VadScoreOptions): Promise<void> {
  const { bootstrap = 0, seed } = options;
  const clips = await clipsIn(folder);
  const bar = progressBar("scoring");
  const results: Result[] = [];
  for (const [at, variant] of VARIANTS.entries()) {
    const tallies = { network: new Tally(), refined: new Tally() };
    for (const [index, clip] of clips.entries()) {
      const varied = clip.varied(variant, seed + index);
      for (const name of CONTENDERS) varied.addTo(tallies[name], varied.scoredBy(name), FRAME_MS[name]);
      bar.show((at + (index + 1) / clips.length) / VARIANTS.length);
    }
    const { network, refined } = tallies;
    results.push({
      variant,
      scores: { network: network.scores(), refined: refined.scores() },
      ...(bootstrap > 0 && { gains: refined.gainsOver(network, bootstrap, seed) }),
    });
  }
  bar.end();
  console.log(
    options.json === true ? JSON.stringify(asJson(results, clips.length, options)) : asText(results, clips.length),
  );
}

/** Every `NAME.wav` with its `NAME.csv`, by name; nothing is scored unless all can be read. */
async function clipsIn(folder: string): Promise<readonly LabelledClip[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    const message = `${folder} cannot be read (${cause.code}); name a folder of NAME.wav and NAME.csv.`;
    throw new PersonaError("invalid_input", message, { cause });
  });
  const files = names.filter((name) => name.endsWith(".wav")).sort();
  if (files.length === 0) throw new PersonaError("invalid_input", `There is no WAV file in ${folder}.`);
  const clips: LabelledClip[] = [];
  for (const name of files) {
    const file = join(folder, name);
    const labels = await readInput(file.replace(/\.wav$/, ".csv"), "labels (start_s,end_s,speech)");
    const wav = await wavOf(file);
    clips.push(inFile(file, () => LabelledClip.read(wav, labels.text)));
  }
  return clips;
}

const decimals = (value: number | undefined): string => value?.toFixed(4) ?? "-";
const whole = (value: number | undefined): string => value?.toFixed(0) ?? "-";

function asText(results: readonly Result[], clips: number): string {
  const rows = results.flatMap(({ variant, scores }) =>
    CONTENDERS.map((name) => {
      const { frames, causal, endMedianMs, endLateMs, ends, endsMissed } = scores[name];
      const figures = [frames, causal].flatMap((grid) => [
        decimals(grid.rocAuc),
        decimals(grid.averagePrecision),
        decimals(grid.bestF1),
        decimals(grid.f1),
      ]);
      return [variant, name, ...figures, whole(endMedianMs), whole(endLateMs), `${endsMissed}/${ends + endsMissed}`];
    }),
  );
  const grid = ["AUC", "AP", "best F1", "F1@.5"];
  const causal = grid.map((title) => `causal ${title}`);
  const head = ["variant", "detector", ...grid, ...causal, "end p50 ms", "p90", "missed"];
  const lines = [counted(clips, "clip"), table(head, rows, head.map((_, at) => at).slice(2))];
  const gained = results.flatMap(({ variant, gains }) => (gains === undefined ? [] : [{ variant, gains }]));
  if (gained.length > 0) {
    const gain = (of: TallyGains["rocAuc"], show: (value: number) => string) =>
      of === undefined ? "-" : `${show(of.value)} (${show(of.low)} to ${show(of.high)})`;
    const rows = gained.map(({ variant, gains: { rocAuc, bestF1, f1, endMedianMs } }) => [
      variant,
      ...[rocAuc, bestF1, f1].map((of) => gain(of, (value) => signed(value, 4))),
      gain(endMedianMs, (value) => signed(value, 0)),
    ]);
    lines.push(
      "",
      "What refining gains (95 of 100 draws of the clips):",
      table(["variant", "causal AUC", "causal best F1", "causal F1@.5", "end p50 ms"], rows, [1, 2, 3, 4]),
    );
  }
  return lines.join("\n");
}

const signed = (value: number, digits: number): string => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;

function asJson(results: readonly Result[], clips: number, { bootstrap, seed }: VadScoreOptions) {
  return {
    clips,
    seed,
    ...(bootstrap !== undefined && { bootstrap }),
    variants: results.map(({ variant, scores, gains }) => ({
      variant,
      detectors: Object.fromEntries(CONTENDERS.map((name) => [name, scoresJson(scores[name])])),
      ...(gains !== undefined && { gains: gainsJson(gains) }),
    })),
  };
}

function scoresJson({ frames, causal, endMedianMs, endLateMs, ends, endsMissed }: TallyScores) {
  const grid = ({ count, rocAuc, averagePrecision, bestF1, threshold, f1 }: TallyScores["frames"]) => ({
    count,
    roc_auc: rocAuc ?? null,
    average_precision: averagePrecision ?? null,
    best_f1: bestF1 ?? null,
    best_threshold: threshold ?? null,
    f1_at_half: f1 ?? null,
  });
  return {
    frames: grid(frames),
    causal: grid(causal),
    end_median_ms: endMedianMs ?? null,
    end_p90_ms: endLateMs ?? null,
    ends,
    ends_missed: endsMissed,
  };
}

function gainsJson({ rocAuc, bestF1, f1, endMedianMs }: TallyGains) {
  const gain = (of: TallyGains["rocAuc"]) =>
    of === undefined ? null : { value: of.value, low: of.low, high: of.high, above_zero: of.aboveZero };
  return {
    causal_roc_auc: gain(rocAuc),
    causal_best_f1: gain(bestF1),
    causal_f1_at_half: gain(f1),
    end_median_ms: gain(endMedianMs),
  };
}
