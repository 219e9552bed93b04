/** Prometheus' text format, read back; what does not keep to it is an error. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/;

/** Throws unless each sample belongs to a metric that was described before, and no series is there twice. */
export function samplesOf(text: string): readonly Sample[] {
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, described, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (described !== undefined && type !== undefined) types.set(described, type);
    if (line.startsWith("#")) continue;
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    const base = name.replace(/_(bucket|sum|count)$/, "");
    if (!types.has(name) && types.get(base) !== "histogram") throw new Error(`No type says what this is: ${line}`);
    if (types.get(name) === "counter" && !name.endsWith("_total")) throw new Error(`A counter without _total: ${line}`);
    if (Number.isNaN(Number(value.replace("Inf", "Infinity")))) throw new Error(`Not a number: ${line}`);
    if (seen.has(`${name}{${labels}}`)) throw new Error(`Twice: ${line}`);
    seen.add(`${name}{${labels}}`);
    const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", of = ""]) => [key, of]);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return samples;
}
