/**
 * `npm run bench http [rounds | quick] [folder]`: messages a second over HTTP on one core, against bare fastify routes,
 * and how much later the first token comes than from the provider itself. `quick` checks the results of short runs and
 * writes none.
 */
import type { Called } from "./http/client.ts";
import type { FirstTokenOptions, FirstTokens, Way } from "./http/first-token.ts";
import type { FirstTokenServerOptions } from "./http/first-token-server.ts";
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
  /** Of each case in each round. */
  messages: quick ? 1_000 : 5_000,
  /** Of each case, before the first round: until then functions are still being compiled. */
  warmUp: quick ? 1_000 : 30_000,
  /** Questions of each kind in each round, and before them those that warm the asking process up. */
  firstTokens: quick ? 20 : 100,
  firstTokensWarmUp: quick ? 20 : 150,
};

/** Messages in each request, and connections: as many messages are on their way as a busy server would have. */
const SHAPES = [
  { perRequest: 1, connections: 64 },
  { perRequest: 100, connections: 8 },
] as const;
type Shape = (typeof SHAPES)[number];

const KINDS = {
  bare: { kind: "bare", answers: false, title: "bare fastify route" },
  schema: { kind: "schema", answers: false, title: "the same with a schema" },
  "accepted in memory": { kind: "memory", answers: false, title: "persona-runtime, memory, accepted" },
  "accepted durably": { kind: "file", answers: false, title: "persona-runtime, durable, accepted" },
  "answered in memory": { kind: "memory", answers: true, title: "persona-runtime, memory, answered" },
  "answered durably": { kind: "file", answers: true, title: "persona-runtime, durable, answered" },
} as const;
type Kind = keyof typeof KINDS;

interface Throughput {
  readonly messagesPerSecond: number;
  /** Of the server, all threads, for each message. */
  readonly cpuMicroseconds: number;
  readonly clientBusy: number;
}

/** One server, which lives through all rounds. */
class Case {
  readonly name: string;
  readonly kind: Kind;
  readonly shape: Shape;
  readonly measured: Throughput[] = [];
  readonly #server: Pinned<{ port: number; secret: string }>;
  #sent = 0;

  private constructor(kind: Kind, shape: Shape, server: Pinned<{ port: number; secret: string }>) {
    this.kind = kind;
    this.shape = shape;
    this.name = nameOf(kind, shape);
    this.#server = server;
  }

  static async start(kind: Kind, shape: Shape): Promise<Case> {
    const options: ServerOptions = { ...KINDS[kind], personas: plan.personas, folder };
    const script = new URL("http/server.ts", import.meta.url);
    const one = new Case(kind, shape, await Pinned.start(script, SERVER_CORE, options));
    await one.#run(plan.warmUp);
    return one;
  }

  async measure(): Promise<void> {
    this.measured.push(await this.#run(plan.messages));
  }

  /** The clock runs until the last message is accepted; or, where personas answer, until the last is answered. */
  async #run(count: number): Promise<Throughput> {
    const { perRequest, connections } = this.shape;
    const { personas, users } = plan;
    const before = await this.#until(this.#sent);
    const { began, ended, busy } = await isolated<Called>(
      new URL("http/client.ts", import.meta.url),
      {
        ...this.#server.ready,
        ...{ personas, users, perRequest, connections },
        first: this.#sent / perRequest,
        count: count / perRequest,
      },
      onCore(CLIENT_CORE),
    );
    this.#sent += count;
    const { at, cpuSeconds } = await this.#until(this.#sent);
    const end = KINDS[this.kind].answers ? Math.max(ended, at) : ended;
    return {
      messagesPerSecond: count / ((end - began) / 1000),
      cpuMicroseconds: ((cpuSeconds - before.cpuSeconds) / count) * 1e6,
      clientBusy: busy,
    };
  }

  /** Checks what became of all messages, and ends the server. */
  end(): Promise<void> {
    return this.#server.end({ close: this.#sent });
  }

  #until(count: number): Promise<{ at: number; cpuSeconds: number }> {
    return this.#server.ask({ await: KINDS[this.kind].answers ? count : 0 });
  }
}

function nameOf(kind: Kind, { perRequest }: Shape): string {
  return `${kind}, ${perRequest} per request`;
}

type Servers = Readonly<Record<FirstTokenServerOptions["store"], Pinned<{ port: number; secret: string }>>>;

/** A provider, and two servers whose personas ask it. */
class FirstTokenCase {
  readonly #provider: Pinned<{ baseUrl: string }>;
  readonly #servers: Servers;
  #asked = 0;

  private constructor(provider: Pinned<{ baseUrl: string }>, servers: Servers) {
    this.#provider = provider;
    this.#servers = servers;
  }

  static async start(): Promise<FirstTokenCase> {
    const provider = await Pinned.start<{ baseUrl: string }>(
      new URL("http/provider.ts", import.meta.url),
      CLIENT_CORE,
      {},
    );
    const server = (store: "memory" | "file") => {
      const options: FirstTokenServerOptions = { store, ...provider.ready, folder };
      const script = new URL("http/first-token-server.ts", import.meta.url);
      return Pinned.start<{ port: number; secret: string }>(script, SERVER_CORE, options);
    };
    return new FirstTokenCase(provider, { memory: await server("memory"), file: await server("file") });
  }

  async measure(fresh: boolean): Promise<FirstTokens> {
    const { memory, file } = this.#servers;
    const options: FirstTokenOptions = {
      ...this.#provider.ready,
      memory: memory.ready,
      file: file.ready,
      fresh,
      first: this.#asked,
      warmUp: plan.firstTokensWarmUp,
      count: plan.firstTokens,
    };
    this.#asked += options.warmUp + options.count;
    const script = new URL("http/first-token.ts", import.meta.url);
    return isolated<FirstTokens>(script, options, onCore(CLIENT_CORE));
  }

  flushMs(): Promise<number> {
    return this.#servers.file.ask<number>("flush");
  }

  async end(): Promise<void> {
    await this.#servers.memory.end("close");
    await this.#servers.file.end("close");
    await this.#provider.end("close");
  }
}

const cases: Case[] = [];
for (const shape of SHAPES) {
  for (const kind of Object.keys(KINDS) as Kind[]) {
    console.log(`warming up: ${nameOf(kind, shape)}`);
    cases.push(await Case.start(kind, shape));
  }
}
const firstToken = await FirstTokenCase.start();
const SESSIONS = { fresh: "a new session", long: "a session with 4 000 tokens" } as const;
const firstTokens: Record<keyof typeof SESSIONS, FirstTokens[]> = { fresh: [], long: [] };
const flushes: number[] = [];
for (let round = 1; round <= rounds; round += 1) {
  for (const one of cases) {
    await one.measure();
    const { messagesPerSecond = 0, cpuMicroseconds = 0 } = one.measured.at(-1) ?? {};
    console.log(
      `round ${round}: ${one.name}: ${digits(messagesPerSecond)} messages/s, ${digits(cpuMicroseconds)} µs CPU each`,
    );
  }
  flushes.push(await firstToken.flushMs());
  firstTokens.fresh.push(await firstToken.measure(true));
  firstTokens.long.push(await firstToken.measure(false));
}
for (const one of cases) await one.end();
await firstToken.end();

const of = (kind: Kind, perRequest: number) =>
  cases.find((one) => one.kind === kind && one.shape.perRequest === perRequest)?.measured ?? [];
const rates = (kind: Kind, perRequest: number) =>
  of(kind, perRequest).map(({ messagesPerSecond }) => messagesPerSecond);
const cpu = (kind: Kind, perRequest: number) => of(kind, perRequest).map(({ cpuMicroseconds }) => cpuMicroseconds);
/** Within each round, and of those the median: what slows the machine down slows both. */
const share = (one: readonly number[], other: readonly number[]) =>
  `${Math.round(100 * median(one.map((own, n) => own / (other[n] ?? Number.NaN))))} %`;
const rows = SHAPES.flatMap(({ perRequest }) =>
  (Object.keys(KINDS) as Kind[]).map((kind) => [
    `${KINDS[kind].title}, ${perRequest === 1 ? "one message" : `${perRequest} messages`} a request`,
    spread(rates(kind, perRequest)),
    share(rates(kind, perRequest), rates("bare", perRequest)),
    share(rates(kind, perRequest), rates("schema", perRequest)),
    share(rates(kind, perRequest), rates("bare", 1)),
    digits(median(cpu(kind, perRequest))),
    share(cpu("bare", perRequest), cpu(kind, perRequest)),
    `${Math.round(100 * median(of(kind, perRequest).map(({ clientBusy }) => clientBusy)))} %`,
  ]),
);

const TITLES: Readonly<Record<Way, string>> = {
  provider: "the provider itself",
  sdk: "`streamText` of the AI SDK alone",
  memory: "a persona over a socket, memory",
  file: "the same, durable",
};
const flushMs = median(flushes);
const firstRows = (Object.keys(SESSIONS) as (keyof typeof SESSIONS)[]).flatMap((session) => {
  const measured = firstTokens[session].map((times) =>
    Object.fromEntries(Object.entries(times).map(([way, ms]) => [way, percentilesOf(ms)])),
  );
  return (Object.keys(TITLES) as Way[]).map((way) => {
    const own = (pick: "p50" | "p99") => median(measured.map((one) => one[way]?.[pick] ?? Number.NaN));
    const added = (pick: "p50" | "p99") =>
      median(measured.map((one) => (one[way]?.[pick] ?? Number.NaN) - (one["provider"]?.[pick] ?? Number.NaN)));
    const none = way === "provider";
    return [
      `${TITLES[way]}, ${SESSIONS[session]}`,
      digits(own("p50")),
      digits(own("p99")),
      none ? "–" : digits(added("p50")),
      none ? "–" : digits(added("p99")),
      none ? "–" : digits(added("p50") - (way === "file" ? 2 * flushMs : 0)),
    ];
  });
});

const page = `# Over HTTP

${markdownTable(
  [
    "case",
    "messages/s, median (least–most)",
    "of bare, same request",
    "of bare with a schema",
    "of bare, one message a request",
    "server CPU µs each",
    "of bare, by CPU",
    "client busy",
  ],
  rows,
)}

${markdownTable(
  ["first token from", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms", "added p50 without two flushes"],
  firstRows,
)}

${rounds} interleaved rounds, each case in processes of its own: the server with all its threads on one core, the client
on another. ${digits(plan.messages)} messages in each round, after ${digits(plan.warmUp)} to warm up, to
${digits(plan.personas)} personas from ${plan.users} users each, with an API key and an idempotency key;
${digits(plan.firstTokens)} questions of each kind in each round, one after the other. A flush of the disk alone took
${digits(flushMs)} ms.`;
if (quick) console.log(`\n${page}\n\nEvery result was right. So short a run measures nothing.`);
else
  writeResults(
    "http",
    {
      plan,
      rounds,
      throughput: Object.fromEntries(cases.map(({ name, measured }) => [name, measured])),
      flushes,
      firstTokens: Object.fromEntries(
        Object.entries(firstTokens).map(([session, all]) => [
          session,
          all.map((times) => Object.fromEntries(Object.entries(times).map(([way, ms]) => [way, percentilesOf(ms)]))),
        ]),
      ),
    },
    page,
  );
