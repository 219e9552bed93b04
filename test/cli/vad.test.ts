import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { execute, feed, inOneProcess, MAIN, personaRuntime, temporaryFolder } from "../support/command-line.ts";
import { needs } from "../support/needs.ts";
import { joined, noise, pcm, spoken, wav } from "../support/spoken.ts";

const SENTENCES = ["Hello there, how are you today?", "I would like to book a table for two."];

/** Both sentences with two seconds between them, one before and one after. */
function talk(): Float32Array {
  return joined(...SENTENCES.map((words) => spoken(words)));
}

describe("vad", () => {
  needs("espeak");

  test("prints what is spoken, as text, JSON and RTTM", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "a talk.wav");
    const quiet = join(folder, "quiet.wav");
    writeFileSync(file, wav(pcm(talk())));
    writeFileSync(quiet, wav(pcm(noise(1_000, 0.001, 1))));

    const json = await personaRuntime("vad", file, quiet, "--json", "--min-silence", "700");
    expect(json).toMatchObject({ code: 0, stderr: "" });
    const [first, second] = JSON.parse(json.stdout) as { file: string; segments: Record<string, number>[] }[];
    expect(second).toEqual({ file: quiet, segments: [] });
    expect(first?.file).toBe(file);
    const segments = first?.segments ?? [];
    expect(segments).toHaveLength(2);
    const [start, end] = [segments[0]?.["start_ms"] ?? 0, segments[1]?.["end_ms"] ?? 0];
    const length = talk().length / 16;
    expect(Math.abs(start - 1_000)).toBeLessThan(200);
    expect(Math.abs(end - (length - 1_000))).toBeLessThan(450);

    const rttm = await personaRuntime("vad", file, quiet, "--rttm", "--min-silence", "700");
    expect(rttm.stdout).toBe(
      segments
        .map(({ start_ms = 0, end_ms = 0 }) => {
          const [from, long] = [start_ms, end_ms - start_ms].map((ms) => (ms / 1_000).toFixed(3));
          return `SPEAKER a_talk 1 ${from} ${long} <NA> <NA> speech <NA> <NA>\n`;
        })
        .join(""),
    );

    const fed = await feed(readFileSync(file), ["vad", "-", "--json", "--min-silence", "700"]);
    expect(JSON.parse(fed.stdout)).toEqual([{ file: "-", segments }]);

    const text = await personaRuntime("vad", file, quiet, "--min-silence", "700");
    const lines = text.stdout.split("\n");
    expect(lines[0]).toMatch(/^file +start +end +seconds$/);
    expect(lines[1]).toContain((start / 1_000).toFixed(3));
    expect(lines.slice(3)).toEqual([`No speech in ${quiet}.`, ""]);
  });
});

describe("vad on a terminal", () => {
  needs("script");

  test("shows how far it is, and nothing else", async () => {
    const file = join(temporaryFolder(), "long.wav");
    writeFileSync(file, wav(pcm(noise(80_000, 0.001, 1))));
    const words = [process.execPath, MAIN, "vad", file].join(" ");
    const { stdout, code } = await execute("script", ["-qec", `${words} > /dev/null`, "/dev/null"]);
    expect(code).toBe(0);
    expect(stdout.replaceAll("\u001b", "ESC")).toMatch(/\rlong\.wav {2}█+░* \d+ %ESC\[K.*\rESC\[K$/su);
  });
});

describe("vad says in one line what is wrong with a file, and prints nothing", () => {
  const sound = pcm(noise(200, 0.1, 1));
  test.each<[string, Buffer, string, string]>([
    ["a header that promises more", wav(sound, { dataLength: 1_000_000 }), "wav_truncated", "as long as its header"],
    ["a file that was cut off", wav(sound).subarray(0, 30), "wav_truncated", "as long as its header"],
    ["samples of 64 bits", wav(sound, { tag: 3, bits: 64 }), "wav_invalid", "integers of 8, 16, 24 or 32 bits"],
    ["a rate that nobody has", wav(sound, { hz: 12_345 }), "wav_invalid", "sample rate"],
    ["too many channels", wav(sound, { channels: 9 }), "wav_invalid", "1 to 8 channels"],
    [
      "something else",
      Buffer.from("ID3 and music"),
      "wav_invalid",
      "`ffmpeg -i FILE -ar 16000 OUT.wav` makes such a file",
    ],
    ["nothing", Buffer.alloc(0), "wav_invalid", "must be a WAV file"],
  ])("%s", async (_what, bytes, code, message) => {
    const folder = temporaryFolder();
    const [good, bad] = [join(folder, "good.wav"), join(folder, "bad.wav")];
    writeFileSync(good, wav(sound));
    writeFileSync(bad, bytes);
    const ended = await inOneProcess("vad", good, bad);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(new RegExp(`^persona-runtime: ${code}: .*bad\\.wav: .*\n$`));
    expect(ended.stderr).toContain(message);
  });

  test.each<[string[], string, number?]>([
    [["missing.wav"], "missing.wav cannot be read (ENOENT)", 1],
    [["--json", "--rttm", "missing.wav"], "Give either --json or --rttm."],
    [["--rttm", "a/x y.wav", "z.wav", "b/x_y.wav"], "In RTTM a/x y.wav and b/x_y.wav would have one name, x_y;"],
    [["--threshold", "2", "missing.wav"], "--threshold must be a number from 0.01 to 0.99"],
    [["--detector", "ear", "missing.wav"], "Allowed choices are refined, network, gated, energy"],
    [[], "Missing required argument 'FILE'"],
    [["score"], "Missing required argument 'FOLDER'"],
    [["score", "clips", "--rttm"], "Unknown option '--rttm'"],
    [["score", "missing"], "missing cannot be read (ENOENT)", 1],
  ])("%j", async (words, message, code = 2) => {
    const ended = await inOneProcess("vad", ...words);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(message);
  });
});

/** `labels` belong to the talk; a second clip is silent but for noise. */
function labelled(labels: string): string {
  const folder = join(temporaryFolder(), "clips");
  mkdirSync(folder);
  writeFileSync(join(folder, "talk.wav"), wav(pcm(talk())));
  writeFileSync(join(folder, "talk.csv"), labels);
  writeFileSync(join(folder, "noise.wav"), wav(pcm(noise(2_000, 0.01, 3))));
  writeFileSync(join(folder, "noise.csv"), "start_s,end_s,speech\n0,2,0\n");
  return folder;
}

describe("vad score", () => {
  needs("espeak");

  test("measures both detectors on every variant, and how sure the gain is", async () => {
    const [one = 0, all = 0] = [spoken(SENTENCES[0] ?? "").length, talk().length].map((samples) => samples / 16_000);
    const edges = [1, one - 1, one + 1, all - 1].map((second) => second.toFixed(3));
    const labels = `0,${edges[0]},0\n${edges[0]},${edges[1]},1\n${edges[1]},${edges[2]},0\n${edges[2]},${edges[3]},1\n${edges[3]},${all.toFixed(3)},0\n`;
    const folder = labelled(labels);
    const { stdout, code } = await personaRuntime("vad", "score", folder, "--bootstrap", "100", "--json");
    expect(code).toBe(0);
    // biome-ignore lint/suspicious/noExplicitAny: the test looks into whatever was printed
    const report = JSON.parse(stdout) as any;
    expect(report).toMatchObject({ clips: 2, seed: 1, bootstrap: 100 });
    const variants = ["clean", "mulaw", "pink_10", "pink_5", "pink_0"];
    expect(report.variants.map(({ variant }: { variant: string }) => variant)).toEqual(variants);
    for (const { detectors, gains } of report.variants) {
      for (const { frames, causal, ends, ends_missed } of [detectors.network, detectors.refined]) {
        expect(frames.roc_auc).toBeGreaterThan(0.75);
        expect(causal.roc_auc).toBeGreaterThan(0.75);
        expect(causal.roc_auc).toBeLessThan(1);
        expect(ends + ends_missed).toBe(2);
      }
      const { value, low, high, above_zero } = gains.causal_roc_auc;
      expect(value).toBeCloseTo(detectors.refined.causal.roc_auc - detectors.network.causal.roc_auc, 9);
      expect(low).toBeLessThanOrEqual(high);
      expect(above_zero).toBeGreaterThanOrEqual(0);
    }
    const [clean] = report.variants;
    expect(clean.detectors.network.causal.best_f1).toBeGreaterThan(0.85);
    // A frame of 32 ms each, and what is left of one is not scored.
    expect(clean.detectors.network.frames.count).toBe(62 + Math.floor((all * 1_000) / 32));

    const again = await personaRuntime("vad", "score", folder, "--bootstrap", "100", "--json");
    expect(again.stdout).toBe(stdout);
    const other = await personaRuntime("vad", "score", folder, "--seed", "2", "--json");
    expect(JSON.parse(other.stdout).variants[0].detectors).toEqual(clean.detectors);
    expect(JSON.parse(other.stdout).variants[4].detectors).not.toEqual(report.variants[4].detectors);

    const text = await personaRuntime("vad", "score", folder, "--bootstrap", "100");
    expect(text.stdout).toMatch(/^2 clips\nvariant +detector +AUC .*\nclean +network +0\.\d{4} /);
    expect(text.stdout).toMatch(/\nWhat refining gains .*\nvariant +causal AUC .*\nclean +[+-]0\.\d{4} \(/);
  });

  test.each<[string, string]>([
    ["0,1,0\n1,2,maybe\n", "talk.wav: The label file is not valid."],
    ["0,1,0\n1.5,2,1\n", "line 2"],
  ])("names the line of labels that are none: %j", async (labels, message) => {
    const { code, stdout, stderr } = await inOneProcess("vad", "score", labelled(labels));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("counts one clip as one", async () => {
    const folder = labelled("");
    rmSync(join(folder, "talk.wav"));
    expect((await inOneProcess("vad", "score", folder)).stdout).toMatch(/^1 clip\nvariant /);
  });

  test("names a recording without labels, and a folder without recordings", async () => {
    const folder = temporaryFolder();
    const nothing = await inOneProcess("vad", "score", folder);
    expect(nothing.stderr).toContain(`There is no WAV file in ${folder}.`);
    writeFileSync(join(folder, "one.wav"), readFileSync(join(labelled("0,1,0\n"), "noise.wav")));
    const { code, stderr } = await inOneProcess("vad", "score", folder);
    expect(code).toBe(1);
    expect(stderr).toContain("one.csv cannot be read (ENOENT)");
  });
});
