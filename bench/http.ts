/**
 * `npm run bench http [rounds | quick] [folder]`: messages a second over HTTP on one core, against a bare fastify route,
 * and how much later the first token comes than from the provider itself. `quick` checks the results of short runs and
 * writes none.
 */
import type { Called } from "./http/client.ts";
import type { FirstTokens } from "./http/first-token.ts";
import type { ServerOptions } from "./http/server.ts";
import { isolated } from "./support/isolated.ts";
import { percentilesOf } from "./support/meter.ts";
import { onCore, Pinned } from "./support/pinned.ts";
import { digits, markdownTable, median, spread, writeResults } from "./support/results.ts";

const SERVER_CORE = 0;
const CLIENT_CORE = 1;

const [word, folder] = process.argv.slice(2);
const quick = word === "quick";
const rounds = quick ? 1 : Number(word ?? 5);
const plan = {
  personas: 1_000,
  users: 10,
  messages: quick ? 2_000 : 20_000,
  warmUp: quick ? 1_000 : 10_000,
  firstTokens: quick ? 50 : 500,
};

const KINDS = ["bare", "memory", "file"] as const;
/** Messages in each request, and connections: as many messages are on their way as a busy server would have. */
const SHAPES = [
  { perRequest: 1, connections: 64 },
  { perRequest: 100, connections: 8 },
] as const;

interface Throughput {
  readonly messagesPerSecond: number;
  /** Of the server, all threads. */
  readonly cpuSeconds: number;
  readonly clientBusy: number;
}

const throughput = new Map<string, Throughput[]>();
const nameOf = (kind: string, perRequest: number) => `${kind}, ${perRequest} per request`;
const firstTokens: FirstTokens[] = [];
for (let round = 1; round <= rounds; round += 1) {
  for (const shape of SHAPES) {
    for (const kind of KINDS) {
      const name = nameOf(kind, shape.perRequest);
      const measured = await throughputOf(kind, shape);
      throughput.set(name, [...(throughput.get(name) ?? []), measured]);
      console.log(`round ${round}: ${name}: ${digits(measured.messagesPerSecond)} messages/s`);
    }
  }
  firstTokens.push(await firstTokensOf());
}

/** The clock runs from the first request until the last message is answered by its persona, not only accepted. */
async function throughputOf(
  kind: ServerOptions["kind"],
  { perRequest, connections }: (typeof SHAPES)[number],
): Promise<Throughput> {
  const { personas, users } = plan;
  const options: ServerOptions = { kind, personas, folder };
  const server = await Pinned.start<{ port: number; secret: string }>(
    new URL("http/server.ts", import.meta.url),
    SERVER_CORE,
    options,
  );
  const call = (first: number, count: number) =>
    isolated<Called>(
      new URL("http/client.ts", import.meta.url),
      {
        ...server.ready,
        personas,
        users,
        perRequest,
        connections,
        first: first / perRequest,
        count: count / perRequest,
      },
      onCore(CLIENT_CORE),
    );
  const until = (count: number) => server.ask<{ at: number; cpuSeconds: number }>({ await: count });
  await call(0, plan.warmUp);
  const before = await until(plan.warmUp);
  const { began, ended, busy } = await call(plan.warmUp, plan.messages);
  const total = plan.warmUp + plan.messages;
  const { at, cpuSeconds } = await until(total);
  await server.end({ close: total });
  return {
    messagesPerSecond: plan.messages / ((Math.max(ended, at) - began) / 1000),
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    clientBusy: busy,
  };
}

async function firstTokensOf(): Promise<FirstTokens> {
  const provider = await Pinned.start<{ baseUrl: string }>(
    new URL("http/provider.ts", import.meta.url),
    CLIENT_CORE,
    {},
  );
  const server = await Pinned.start<object>(new URL("http/first-token-server.ts", import.meta.url), SERVER_CORE, {
    ...provider.ready,
    folder,
  });
  const times = await isolated<FirstTokens>(
    new URL("http/first-token.ts", import.meta.url),
    { ...provider.ready, ...server.ready, warmUp: Math.ceil(plan.firstTokens / 2), count: plan.firstTokens },
    onCore(CLIENT_CORE),
  );
  await server.end("close");
  await provider.end("close");
  return times;
}

const of = (kind: string, perRequest: number) => throughput.get(nameOf(kind, perRequest)) ?? [];
const rates = (kind: string, perRequest: number) =>
  of(kind, perRequest).map(({ messagesPerSecond }) => messagesPerSecond);
const TITLES = { bare: "bare fastify route", memory: "persona-runtime, memory", file: "persona-runtime, durable" };
const rows = SHAPES.flatMap(({ perRequest }) =>
  KINDS.map((kind) => {
    const share = (to: number) =>
      `${Math.round((100 * median(rates(kind, perRequest))) / median(rates("bare", to)))} %`;
    return [
      `${TITLES[kind]}, ${perRequest === 1 ? "one message" : `${perRequest} messages`} a request`,
      spread(rates(kind, perRequest)),
      share(perRequest),
      share(1),
      digits(median(of(kind, perRequest).map(({ cpuSeconds }) => (cpuSeconds / plan.messages) * 1e6))),
      `${Math.round(100 * median(of(kind, perRequest).map(({ clientBusy }) => clientBusy)))} %`,
    ];
  }),
);

const WAYS = { provider: "the provider itself", sdk: "the AI SDK alone", persona: "a persona, over a socket" } as const;
const percentiles = (way: keyof typeof WAYS) => firstTokens.map((times) => percentilesOf(times[way]));
const firstRows = (Object.keys(WAYS) as (keyof typeof WAYS)[]).map((way) => {
  const added = (pick: "p50" | "p99") =>
    digits(median(percentiles(way).map((own, n) => own[pick] - (percentiles("provider")[n]?.[pick] ?? 0))));
  const own = (pick: "p50" | "p99") => digits(median(percentiles(way).map((one) => one[pick])));
  return [
    WAYS[way],
    own("p50"),
    own("p99"),
    way === "provider" ? "–" : added("p50"),
    way === "provider" ? "–" : added("p99"),
  ];
});

const page = `# Over HTTP

${markdownTable(
  [
    "case",
    "messages/s, median (least–most)",
    "of bare, same request",
    "of bare, one message a request",
    "server CPU µs each",
    "client busy",
  ],
  rows,
)}

${markdownTable(["first token from", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms"], firstRows)}

${rounds} interleaved rounds, each case in processes of its own: the server with all its threads on one core, the client
on another. ${digits(plan.messages)} messages to ${digits(plan.personas)} personas from ${plan.users} users each,
with an API key and an idempotency key, counted when they are answered; ${digits(plan.firstTokens)} questions one after
the other.`;
if (quick) console.log(`\n${page}\n\nEvery result was right. So short a run measures nothing.`);
else
  writeResults(
    "http",
    {
      plan,
      rounds,
      throughput: Object.fromEntries(throughput),
      firstTokens: firstTokens.map((times) => ({
        provider: percentilesOf(times.provider),
        sdk: percentilesOf(times.sdk),
        persona: percentilesOf(times.persona),
      })),
    },
    page,
  );
