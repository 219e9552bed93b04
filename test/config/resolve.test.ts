import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { originText } from "../../src/config/origin.ts";
import { type Configuration, resolveConfig } from "../../src/config/resolve.ts";
import { type Flag, readSetting } from "../../src/config/sources.ts";
import { temporaryFolder } from "../support/command-line.ts";

interface Given {
  readonly toml?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly set?: readonly string[];
  readonly folder?: string;
}

function resolved({ toml, environment = {}, set = [], folder = temporaryFolder() }: Given): Promise<Configuration> {
  if (toml !== undefined) writeFileSync(join(folder, "persona-runtime.toml"), toml);
  const flags = set.map((words): Flag => ({ flag: "--set", ...(readSetting(words) ?? { path: [], text: "" }) }));
  return resolveConfig({ environment, flags, folder });
}

async function faults(given: Given): Promise<string> {
  const error = await resolved(given).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

const originOf = ({ settings }: Configuration, key: string): string =>
  originText(settings.find(({ path }) => path.join(".") === key)?.origin ?? { from: "default" });

test("a flag is stronger than the environment, that than the file, and that than the default", async () => {
  const toml = "[server]\nport = 1\ngrace_ms = 1\nhost = '127.0.0.2'";
  const environment = { PERSONA_RUNTIME_SERVER_PORT: "2", PERSONA_RUNTIME_SERVER_GRACE_MS: "2" };
  const found = await resolved({ toml, environment, set: ["server.port=3"] });
  expect(found.config.server).toMatchObject({ port: 3, grace_ms: 2, host: "127.0.0.2", data: "data" });
  expect(originOf(found, "server.port")).toBe("--set");
  expect(originOf(found, "server.grace_ms")).toBe("PERSONA_RUNTIME_SERVER_GRACE_MS");
  expect(originOf(found, "server.host")).toBe("persona-runtime.toml:4:1");
  expect(originOf(found, "server.data")).toBe("default");
});

test("without any source everything has its default", async () => {
  const { config, file, settings } = await resolved({});
  expect(file).toBeUndefined();
  expect(config.server.port).toBe(8787);
  expect(config.runtime).not.toHaveProperty("seed");
  expect(settings.every(({ origin }) => origin.from === "default")).toBe(true);
});

test("a store given by a stronger source takes the place of a folder, and the other way round", async () => {
  const folder = await resolved({ toml: "[server]\nstore = 'memory'", set: ["server.data=x"] });
  expect(folder.config.server).toMatchObject({ data: "x" });
  expect(folder.config.server).not.toHaveProperty("store");
  const file = await resolved({
    toml: "[server]\ndata = 'x'",
    environment: { PERSONA_RUNTIME_SERVER_STORE: "memory" },
  });
  expect(file.config.server.store).toBe("memory");
  expect(await faults({ set: ["server.data=x", "server.store=y"] })).toBe(
    "--set: server.store must not be given together with server.data (--set)",
  );
});

test("a relative path is meant from where it stands", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "etc"));
  writeFileSync(join(folder, "etc/mine.toml"), "[server]\ndata = 'd'\n[catalogue]\nseeds = 's'");
  const file = join(folder, "etc/mine.toml");
  const { config } = await resolveConfig({ file, environment: {}, flags: [], folder });
  expect([config.server.data, config.catalogue.seeds]).toEqual(["d", "s"].map((name) => join(folder, "etc", name)));
  expect((await resolved({ set: ["server.data=d"] })).config.server.data).toBe("d");
});

test("a file that is named must be there, and the usual one need not", async () => {
  const named = resolveConfig({ environment: { PERSONA_RUNTIME_CONFIG: "nowhere.toml" }, flags: [] });
  await expect(named).rejects.toMatchObject({
    code: "config_invalid",
    message: "The configuration file nowhere.toml cannot be read (ENOENT).",
  });
});

describe("what is refused, with where it stands and what would be right", () => {
  test.each<[string, Given, string]>([
    [
      "a table with an unknown name",
      { toml: "[sever]\nport = 1" },
      "persona-runtime.toml:1:1: sever is no known key; did you mean server?",
    ],
    [
      "an unknown key",
      { toml: "[server]\n  prot = 1" },
      "persona-runtime.toml:2:3: server.prot is no known key; did you mean server.port?",
    ],
    [
      "a key in the wrong table",
      { toml: "port = 1" },
      "persona-runtime.toml:1:1: port is no known key; did you mean server.port?",
    ],
    [
      "a key below a key",
      { toml: "[server.port]\nnumber = 1" },
      'server.port must be a whole number from 0 to 65535, not {"number":1}',
    ],
    [
      "a value where a table is due",
      { toml: "server = 1" },
      "persona-runtime.toml:1:1: server must be a table, [server]",
    ],
    ["a list of tables", { toml: "[[server]]\nport = 1" }, "server must be a table, [server]"],
    ["a date", { toml: "[server]\nport = 1979-05-27" }, "server.port must be a whole number from 0 to 65535"],
    [
      "names that mean something to JavaScript",
      { toml: "[__proto__]\nport = 1\n[constructor]\nport = 1" },
      "__proto__ is no known key",
    ],
    ["no TOML", { toml: "[server]\nport = " }, "persona-runtime.toml:2:8: is no TOML: "],
    ["a key twice", { toml: "[server]\nport = 1\nport = 2" }, "persona-runtime.toml:3:1: is no TOML: "],
    [
      "an unknown variable",
      { environment: { PERSONA_RUNTIME_SERVER_PRT: "1" } },
      "PERSONA_RUNTIME_SERVER_PRT: is no known variable; did you mean PERSONA_RUNTIME_SERVER_PORT?",
    ],
    ["a table by --set", { set: ["server=1"] }, "--set: server is a table; name a key in it"],
    [
      "a proxy that is a name",
      { set: ["server.trust_proxy=proxy.local"] },
      '--set: server.trust_proxy must be an address or a network, such as 10.0.0.0/8, not ["proxy.local"]',
    ],
    [
      "a tier that is no name",
      { set: ["limits.tiers.Free.requests_per_minute=1"] },
      "--set: limits.tiers.Free has a wrong name; it must be the name of a tier, such as `free`",
    ],
    ["one flag twice", { set: ["server.port=1", "server.port=2"] }, "--set: server.port was given before (--set)"],
  ])("%s", async (_, given, message) => {
    expect(await faults(given)).toContain(message);
  });

  test("all of it at once, in the order of the file", async () => {
    const toml = "[server]\nport = 'x'\nprot = 1\n[log]\nlevel = 'loud'";
    const lines = (await faults({ toml, environment: { PERSONA_RUNTIME_RUNTIME_SEED: "-1" } })).split("\n  ");
    expect(lines).toEqual([
      "Several things are wrong:",
      'persona-runtime.toml:2:1: server.port must be a whole number from 0 to 65535, not "x"',
      "persona-runtime.toml:3:1: server.prot is no known key; did you mean server.port?",
      expect.stringMatching(/^persona-runtime\.toml:5:1: log\.level must be "trace", .* or "silent", not "loud"$/),
      "PERSONA_RUNTIME_RUNTIME_SEED: runtime.seed must be a whole number, at least 0, not -1",
    ]);
  });
});

test("nothing in a file reaches the prototype of objects", async () => {
  await faults({
    toml: "[__proto__]\npolluted = 1\n[a.__proto__]\npolluted = 1\n[b]\nc = { __proto__ = { polluted = 1 } }",
  });
  expect({}).not.toHaveProperty("polluted");
});

test("what Kubernetes says of a service named persona-runtime, and an empty variable, are nothing", async () => {
  const { config } = await resolved({
    environment: {
      PERSONA_RUNTIME_SERVICE_HOST: "10.0.0.1",
      PERSONA_RUNTIME_SERVICE_PORT_HTTP: "80",
      PERSONA_RUNTIME_PORT: "tcp://10.0.0.1:80",
      PERSONA_RUNTIME_PORT_80_TCP_ADDR: "10.0.0.1",
      PERSONA_RUNTIME_SERVER_PORT: "",
    },
  });
  expect(config.server.port).toBe(8787);
});

test("a byte order mark is no fault", async () => {
  expect((await resolved({ toml: "\uFEFF[server]\nport = 1" })).config.server.port).toBe(1);
});

describe("authentication", () => {
  const jwt = "[auth]\nmode = 'required'\n[auth.jwt]\nissuer = 'i'\naudience = 'a'\n";

  test("a secret is a text, a variable or a file", async () => {
    const folder = temporaryFolder();
    const secret = "0123456789abcdef0123456789abcdef";
    writeFileSync(join(folder, "secret"), `${secret}\n`);
    const environment = { MY_SECRET: secret };
    for (const value of [`"${secret}"`, '{ env = "MY_SECRET" }', '{ file = "secret" }']) {
      const { options } = await resolved({ toml: `${jwt}secret = ${value}`, environment, folder });
      expect(options.auth).toMatchObject({ mode: "required", jwt: { issuer: "i", secret } });
    }
    const variable = { PERSONA_RUNTIME_AUTH_JWT_SECRET: '{ env = "MY_SECRET" }', ...environment };
    expect((await resolved({ toml: jwt, environment: variable })).options.auth.jwt).toMatchObject({ secret });
  });

  test.each<[string, string, string]>([
    [
      "a variable that is not set",
      'secret = { env = "NOWHERE" }',
      "auth.jwt.secret names the variable NOWHERE, which is not set",
    ],
    [
      "a file that is not there",
      'secret = { file = "nowhere" }',
      "auth.jwt.secret names the file nowhere, which cannot be read (ENOENT)",
    ],
    ["what was printed instead of a secret", 'secret = "<set>"', "auth.jwt.secret must be a text, { env"],
    ["a number", "secret = 12345678", "auth.jwt.secret must be a text, { env"],
    ["another table", 'secret = { envv = "X" }', "auth.jwt.secret must be a text, { env"],
    ["a secret that is too short", 'secret = "hunter2"', "auth.jwt.secret must be at least 32 bytes for HS256"],
    [
      "both",
      'secret = "x"\njwks_url = "https://a/b"',
      "auth.jwt.secret must not be given together with auth.jwt.jwks_url",
    ],
    [
      "neither",
      "algorithms = ['RS256']",
      "auth.jwt must have either `secret` with HS algorithms, or `jwks_url` with others",
    ],
  ])("%s is refused without showing a secret", async (_, line, message) => {
    const said = await faults({ toml: `${jwt}${line}` });
    expect(said).toContain(message);
    expect(said).toMatch(/^persona-runtime\.toml:/);
    expect(said).not.toMatch(/hunter2|12345678/);
  });

  test("what the library misses is told with the line of the table", async () => {
    expect(
      await faults({ toml: "[auth.jwt]\nissuer = 'i'\njwks_url = 'https://a/b'\nalgorithms = ['RS256']" }),
    ).toMatch(/^persona-runtime\.toml:\d:1: auth\.jwt\.?\w* (?:is missing; it must be a text|must have either)/);
  });

  test("tiers can be changed from the environment", async () => {
    const toml = "[limits.tiers.free]\nrequests_per_minute = 1\n[limits.tiers.gold_plus]\nrequests_per_minute = 2";
    const environment = {
      PERSONA_RUNTIME_LIMITS_TIERS_GOLD_PLUS_REQUESTS_PER_MINUTE: "3",
      PERSONA_RUNTIME_LIMITS_TIERS_NEW_REQUESTS_PER_MINUTE: "4",
    };
    expect((await resolved({ toml, environment })).options.limits.tiers).toEqual({
      free: { requestsPerMinute: 1, streams: 100, voices: 32 },
      gold_plus: { requestsPerMinute: 3, streams: 100, voices: 32 },
      new: { requestsPerMinute: 4, streams: 100, voices: 32 },
    });
  });
});

describe("providers, models, prices and budgets", () => {
  const PROVIDER = `
[providers.local]
kind = "openai-compatible"
base_url = "http://127.0.0.1:11434/v1"
allow_private = true
max_concurrent = 2
headers.x-team = { env = "TEAM" }
`;

  test("they come out in the library's names, and what was not said is not there", async () => {
    const toml = `${PROVIDER}
[models]
default = "local:small"
[prices."local:small"]
input_usd_per_mtok = 0.5
output_usd_per_mtok = 1.5
[budgets.fleet]
usd = 10
on_exhausted = "hold"
`;
    const { options } = await resolved({ toml, environment: { TEAM: "blue" } });
    expect(options).toMatchObject({
      providers: {
        local: {
          kind: "openai-compatible",
          baseUrl: "http://127.0.0.1:11434/v1",
          allowPrivate: true,
          maxConcurrent: 2,
          headers: { "x-team": "blue" },
        },
      },
      models: { default: "local:small" },
      prices: { "local:small": { inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 } },
      budgets: { fleet: { usd: 10, onExhausted: "hold" } },
    });
    expect((await resolved({})).options).toMatchObject({ providers: undefined, prices: {}, budgets: {} });
  });

  test("a provider can come from the environment alone", async () => {
    const environment = {
      PERSONA_RUNTIME_PROVIDERS_MY_CLOUD_KIND: "anthropic",
      PERSONA_RUNTIME_PROVIDERS_MY_CLOUD_API_KEY: "sk-1",
      PERSONA_RUNTIME_MODELS_DEFAULT: "my-cloud:big",
      PERSONA_RUNTIME_MODELS_FALLBACK: "my-cloud:big, my-cloud:small",
    };
    expect((await resolved({ environment })).options).toMatchObject({
      providers: { "my-cloud": { kind: "anthropic", apiKey: "sk-1" } },
      models: { default: "my-cloud:big", fallback: ["my-cloud:big", "my-cloud:small"] },
    });
  });

  test("a price that the file names can be changed from the environment", async () => {
    const toml = '[prices."a:b-1.5"]\ninput_usd_per_mtok = 1\noutput_usd_per_mtok = 1';
    const environment = { PERSONA_RUNTIME_PRICES_A_B_1_5_INPUT_USD_PER_MTOK: "2" };
    expect((await resolved({ toml, environment })).options.prices).toEqual({
      "a:b-1.5": { inputUsdPerMTok: 2, outputUsdPerMTok: 1 },
    });
    expect(await faults({ environment })).toContain(
      "PERSONA_RUNTIME_PRICES_A_B_1_5_INPUT_USD_PER_MTOK: prices.a-b-1-5 has a wrong name; it must be `provider:model`",
    );
  });

  test.each<[string, string, string]>([
    [
      "no kind",
      "[providers.x]\napi_key = 'k'",
      'persona-runtime.toml:2:1: providers.x.kind is missing; it must be "openai-compatible", "anthropic" or "google"',
    ],
    ["nothing at all", "[providers.x]", "persona-runtime.toml:1:1: providers.x.kind is missing"],
    ["no key", "[providers.x]\nkind = 'google'", "providers.x.api_key is missing; it must be a text, { env"],
    ["no URL", "[providers.x]\nkind = 'openai-compatible'", "providers.x.base_url is missing; it must be a text"],
    [
      "plain http",
      `${PROVIDER.replace("allow_private = true", "")}`,
      "providers.local.base_url must be an https URL, unless `allow_private` is true",
    ],
    [
      "a wrong name",
      "[providers.Big]\nkind = 'google'",
      "providers.Big has a wrong name; it must be 1 to 64 characters: lower-case letters",
    ],
    [
      "a model of nobody",
      `${PROVIDER}[models]\ndefault = "other:x"`,
      "models.default must name a provider that is configured: local",
    ],
    [
      "a model without providers",
      "[models]\nfallback = ['a:b']",
      "persona-runtime.toml:2:1: models.fallback must name a provider that is configured: none",
    ],
    [
      "half a price",
      "[prices.'a:b']\ninput_usd_per_mtok = 1",
      'prices."a:b".output_usd_per_mtok is missing; it must be a number from 0 to ',
    ],
    [
      "too exact a price",
      "[prices.'a:b']\ninput_usd_per_mtok = 1.00000001\noutput_usd_per_mtok = 1",
      'prices."a:b".input_usd_per_mtok must have at most 6 decimal places, not 1.00000001',
    ],
    [
      "a budget of nothing",
      "[budgets.turn]",
      "persona-runtime.toml:1:1: budgets.turn must have `tokens`, `usd` or both",
    ],
  ])("%s is refused", async (_, toml, message) => {
    expect(await faults({ toml, environment: { TEAM: "blue" } })).toContain(message);
  });
});

test("telemetry wants to know where to", async () => {
  expect((await resolved({})).options.telemetry).toBeUndefined();
  const toml = "[telemetry]\notlp_url = 'http://127.0.0.1:4318'\ncapture_content = true";
  expect((await resolved({ toml })).options.telemetry).toEqual({ url: "http://127.0.0.1:4318", captureContent: true });
  expect(await faults({ toml: "[telemetry]\ncapture_content = true" })).toBe(
    "persona-runtime.toml:2:1: telemetry.otlp_url is missing; it must be a text",
  );
  expect(await faults({ toml: "[telemetry]\notlp_url = 'ftp://x'" })).toBe(
    "persona-runtime.toml:2:1: telemetry.otlp_url must be an http or https URL, such as http://127.0.0.1:4318",
  );
});
