/** JSON Web Tokens: those that are accepted, and those that somebody made up. */
import { createHmac } from "node:crypto";
import http from "node:http";
import net from "node:net";
import * as jose from "jose";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ManualClock } from "../../src/clock.ts";
import type { AppOptions } from "../../src/http/app.ts";
import { type House, listen, openHouse } from "./harness.ts";

const NOW = Date.UTC(2030, 0, 1);
const seconds = NOW / 1000;
const ISSUER = "https://login.example";
const AUDIENCE = "persona-runtime";
const SECRET = "a secret that both sides know, of 48 bytes or so.";
const GOOD = { iss: ISSUER, aud: AUDIENCE, sub: "ada", exp: seconds + 600 };

let rsa: jose.GenerateKeyPairResult;
let ec: jose.GenerateKeyPairResult;
let stranger: jose.GenerateKeyPairResult;
let published: jose.JSONWebKeySet;

beforeAll(async () => {
  rsa = await jose.generateKeyPair("RS256", { extractable: true });
  ec = await jose.generateKeyPair("ES256", { extractable: true });
  stranger = await jose.generateKeyPair("RS256", { extractable: true });
  published = {
    keys: [
      { ...(await jose.exportJWK(rsa.publicKey)), kid: "rsa-1", alg: "RS256", use: "sig" },
      { ...(await jose.exportJWK(ec.publicKey)), kid: "ec-1", alg: "ES256", use: "sig" },
      // Of this one the set does not say for which algorithm it is: that is for the configuration to say.
      { ...(await jose.exportJWK(rsa.publicKey)), kid: "rsa-any" },
    ],
  };
});

type Claims = Record<string, unknown>;

const signed = (claims: Claims = {}, header: Claims = {}, key: jose.CryptoKey = rsa.privateKey) =>
  new jose.SignJWT({ ...GOOD, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "rsa-1", ...header } as jose.JWTHeaderParameters)
    .sign(key, { crit: { b64: true, "urn:x": true } });

const encoded = (part: unknown) =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
const unsigned = (header: unknown, claims: unknown = GOOD, signature = "") =>
  `${encoded(header)}.${encoded(claims)}.${signature}`;

/** Signed with a secret, whatever the header says. */
function hmac(header: Claims, secret: string | Buffer, claims: unknown = GOOD): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** Serves the keys of the issuer; `answer` can be changed while it runs. */
async function issuer() {
  const state = { fetched: 0, answer: (): [number, string] => [200, JSON.stringify(published)] };
  const server = http.createServer((_request, response) => {
    state.fetched += 1;
    const [status, body] = state.answer();
    response.writeHead(status, { "content-type": "application/json", location: "http://127.0.0.1:1/" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  return Object.assign(state, { origin, jwksUrl: `${origin}/keys` });
}

type Jwt = NonNullable<NonNullable<AppOptions["auth"]>["jwt"]>;
const byKeySet = (jwksUrl: string): Jwt => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUrl,
  allowPrivate: [new URL(jwksUrl).origin],
  algorithms: ["RS256", "ES256"],
});
const bySecret: Jwt = { issuer: ISSUER, audience: AUDIENCE, secret: SECRET };

/** Behind a proxy on loopback, so that each case can come from an address of its own. */
async function houseWith(jwt: Jwt, clock = new ManualClock(NOW)) {
  const log: string[] = [];
  const stream = { write: (line: string) => void log.push(line) };
  const options: AppOptions = { auth: { mode: "required", jwt }, clock, trustProxy: ["127.0.0.1"] };
  const house = await openHouse({ clock }, { ...options, logger: { level: "trace", stream } });
  return { ...house, clock, log };
}

const status = async ({ send }: House, token: string) => {
  const answer = await send("GET /v1/status", undefined, { authorization: `Bearer ${token}` });
  return answer.body.code ?? answer.status;
};

describe("a token that is accepted", () => {
  it("is signed by a published key, of any algorithm that is configured", async () => {
    const house = await houseWith(byKeySet((await issuer()).jwksUrl));
    expect(await status(house, await signed())).toBe(200);
    expect(await status(house, await signed({}, { alg: "ES256", kid: "ec-1" }, ec.privateKey))).toBe(200);
    expect(await status(house, await signed({ aud: ["another", AUDIENCE] }))).toBe(200);
  });

  it("is signed with the secret, where one is configured", async () => {
    const house = await houseWith(bySecret);
    expect(await status(house, hmac({ alg: "HS256" }, SECRET))).toBe(200);
    expect(await status(house, hmac({ alg: "HS256" }, `${SECRET}.`))).toBe("unauthenticated");
    expect(await status(house, await signed())).toBe("unauthenticated");
    const longer = new jose.SignJWT(GOOD).setProtectedHeader({ alg: "HS384" }).sign(new TextEncoder().encode(SECRET));
    expect(await status(house, await longer)).toBe("unauthenticated");
  });

  it("says who calls: a user of the default tenant unless it says more", async () => {
    const house = await houseWith({ ...bySecret, claims: { tenant: "org", role: "https://roles.example" } });
    const may = (claims: Claims) => status(house, hmac({ alg: "HS256" }, SECRET, { ...GOOD, ...claims }));
    const keys = async (claims: Claims) => {
      const headers = { authorization: `Bearer ${hmac({ alg: "HS256" }, SECRET, { ...GOOD, ...claims })}` };
      return house.send("POST /v1/keys", { user: "x", name: "x" }, headers);
    };
    expect(await may({})).toBe(200);
    // Under other names than those that are configured it says nothing.
    expect((await keys({ role: "admin" })).status).toBe(403);
    expect((await keys({ "https://roles.example": "service" })).status).toBe(403);
    const made = await keys({ "https://roles.example": "admin", org: "acme", tenant: "evil" });
    expect(made).toMatchObject({ status: 201, body: { tenant: "acme" } });
  });

  it("comes as a subprotocol where a browser opens a socket, and there only one of it", async () => {
    const { send } = await houseWith(bySecret);
    const token = hmac({ alg: "HS256" }, SECRET);
    const upgrade = { connection: "upgrade", upgrade: "websocket" };
    const offer = async (offers: string, more = {}, upgraded: Record<string, string> = upgrade) => {
      const headers = { ...upgraded, "sec-websocket-protocol": offers, ...more };
      return (await send("GET /v1/status", undefined, headers)).status;
    };
    expect(await offer(`persona-runtime, bearer.${token}`)).toBe(200);
    expect(await offer(`bearer.${token},persona-runtime`)).toBe(200);
    expect(await offer(`bearer.${token}, bearer.${token}`)).toBe(401);
    expect(await offer(`bearer.${token}x`)).toBe(401);
    expect(await offer("persona-runtime")).toBe(401);
    expect(await offer(`bearer.${token}`, { authorization: "Bearer x" })).toBe(401);
    expect(await offer(`bearer.${token}`, {}, {})).toBe(401);
  });

  it("is so until five seconds after it expires, and from five seconds before it begins", async () => {
    const house = await houseWith(bySecret);
    const token = hmac({ alg: "HS256" }, SECRET, { ...GOOD, nbf: seconds + 65, exp: seconds + 120 });
    const outcomes: unknown[] = [];
    for (const at of [59, 60, 65, 124, 125]) {
      house.clock.advance(NOW + at * 1000 - house.clock.now());
      outcomes.push(await status(house, token));
    }
    expect(outcomes).toEqual(["unauthenticated", 200, 200, 200, "unauthenticated"]);
  });
});

/** Each is what stands in the header lines of a request; made when the keys are there. */
const HOSTILE: Record<string, (house: House, evil: string) => string | string[] | Promise<string | string[]>> = {
  "alg none": () => unsigned({ alg: "none" }),
  "alg None": () => unsigned({ alg: "None" }),
  "alg NONE": () => unsigned({ alg: "NONE" }),
  "alg nOnE": () => unsigned({ alg: "nOnE" }),
  "alg none with a signature": async () => unsigned({ alg: "none" }, GOOD, (await signed()).split(".")[2]),
  "alg none of a key": () => unsigned({ alg: "none", kid: "rsa-1" }),
  "no alg": () => unsigned({ typ: "JWT" }),
  "an alg that is a list": () => unsigned({ alg: ["RS256", "none"] }),
  "an empty alg": () => unsigned({ alg: "" }),
  "the public key in PEM as the secret": async () => hmac({ alg: "HS256" }, await jose.exportSPKI(rsa.publicKey)),
  "the public key in PEM as the secret, by its kid": async () =>
    hmac({ alg: "HS256", kid: "rsa-1" }, await jose.exportSPKI(rsa.publicKey)),
  "the public key as a JWK as the secret": () => hmac({ alg: "HS256" }, JSON.stringify(published.keys[0])),
  "the modulus as the secret": () =>
    hmac({ alg: "HS256", kid: "rsa-1" }, Buffer.from(published.keys[0]?.n ?? "", "base64url")),
  "an empty secret": () => hmac({ alg: "HS256" }, "", GOOD),
  "RS256 in the header, HMAC in truth": async () =>
    hmac({ alg: "RS256", kid: "rsa-1" }, await jose.exportSPKI(rsa.publicKey)),
  "another algorithm of the same key": async () => {
    const key = await jose.importJWK(await jose.exportJWK(rsa.privateKey), "PS256");
    return signed({}, { alg: "PS256", kid: "rsa-any" }, key as jose.CryptoKey);
  },
  "the key of one algorithm for another": () => signed({}, { alg: "ES256", kid: "rsa-1" }, ec.privateKey),
  "a key that it brings along": async () =>
    signed({}, { jwk: await jose.exportJWK(stranger.publicKey) }, stranger.privateKey),
  "a key that it brings along, without a kid": async () =>
    signed({}, { jwk: await jose.exportJWK(stranger.publicKey), kid: undefined }, stranger.privateKey),
  "a key set of its own": (_house, evil) => signed({}, { jku: evil }, stranger.privateKey),
  "certificates of its own": (_house, evil) => signed({}, { x5u: evil }, stranger.privateKey),
  "a certificate in its header": () => signed({}, { x5c: ["MIIB"] }, stranger.privateKey),
  "a kid that is a path": () => hmac({ alg: "HS256", kid: "../../../../dev/null" }, ""),
  "a kid that is SQL": () => hmac({ alg: "HS256", kid: "x' UNION SELECT 'secret' --" }, "secret"),
  "a kid that is a URL": (_house, evil) => signed({}, { kid: evil }, stranger.privateKey),
  "a kid that nobody knows": () => signed({}, { kid: "rsa-2" }, stranger.privateKey),
  "a kid that is an object": () => unsigned({ alg: "RS256", kid: { $ne: null } }, GOOD, "AAAA"),
  "the kid of a property": () => signed({}, { kid: "__proto__" }, stranger.privateKey),
  "another's signature": () => signed({}, {}, stranger.privateKey),
  "an old end": () => signed({ exp: seconds - 6 }),
  "a late beginning": () => signed({ nbf: seconds + 6 }),
  "no end": () => signed({ exp: undefined }),
  "an end that is a text": () => signed({ exp: `${seconds + 600}` }),
  "an end that is null": () => signed({ exp: null }),
  "an unknown issuer": () => signed({ iss: "https://evil.example" }),
  "an issuer that begins alike": () => signed({ iss: `${ISSUER}.evil.example` }),
  "no issuer": () => signed({ iss: undefined }),
  "a list of issuers": () => signed({ iss: [ISSUER] }),
  "another audience": () => signed({ aud: "another" }),
  "a list of other audiences": () => signed({ aud: ["another", `${AUDIENCE}-2`] }),
  "an audience that is an object": () => signed({ aud: { 0: AUDIENCE } }),
  "no audience": () => signed({ aud: undefined }),
  "no user": () => signed({ sub: undefined }),
  "a user that is a number": () => signed({ sub: 7 }),
  "a user with blanks around": () => signed({ sub: " ada " }),
  "a user with a NUL": () => signed({ sub: "ada\0" }),
  "an unknown role": () => signed({ role: "root" }),
  "a list of roles": () => signed({ role: ["admin"] }),
  "a role that is a property": () => signed({ role: "constructor" }),
  "a tenant that is a path": () => signed({ tenant: "../default" }),
  "a tenant that is an object": () => signed({ tenant: { toString: "default" } }),
  "an unknown tier": () => signed({ tier: "gold" }),
  "a tier that is a property": () => signed({ tier: "constructor" }),
  "other claims under the same signature": async () => {
    const [header, , signature] = (await signed()).split(".");
    return `${header}.${encoded({ ...GOOD, role: "admin" })}.${signature}`;
  },
  "another header over the same signature": async () => {
    const [, payload, signature] = (await signed()).split(".");
    return `${encoded({ alg: "RS256", kid: "rsa-1", x: 1 })}.${payload}.${signature}`;
  },
  "half a signature": async () => (await signed()).slice(0, -20),
  "no signature": async () => `${(await signed()).split(".").slice(0, 2).join(".")}.`,
  "no signature and no dot": async () => (await signed()).split(".").slice(0, 2).join("."),
  "a signature without its claims": async () => (await signed()).replace(/\..*\./, ".."),
  "one part too many": async () => `${await signed()}.x`,
  "an encrypted token": () =>
    new jose.EncryptJWT(GOOD)
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(Buffer.from(SECRET).subarray(0, 32)),
  "a token in a token": async () => {
    const inner = await signed();
    const outer = new jose.CompactSign(Buffer.from(inner)).setProtectedHeader({
      alg: "RS256",
      kid: "rsa-1",
      cty: "JWT",
    });
    return outer.sign(rsa.privateKey);
  },
  "claims that are not encoded": async () => {
    const sign = new jose.CompactSign(Buffer.from(JSON.stringify(GOOD)));
    sign.setProtectedHeader({ alg: "RS256", kid: "rsa-1", b64: false, crit: ["b64"] });
    return sign
      .sign(rsa.privateKey)
      .catch(() => unsigned({ alg: "RS256", kid: "rsa-1", b64: false, crit: ["b64"] }, GOOD, "AAAA"));
  },
  "something critical that nobody knows": () => signed({}, { crit: ["urn:x"], "urn:x": true }),
  "nothing critical": () => unsigned({ alg: "RS256", kid: "rsa-1", crit: [] }, GOOD, "AAAA"),
  "claims that are a list": () => unsigned({ alg: "RS256", kid: "rsa-1" }, [GOOD], "AAAA"),
  "a header that is null": () => unsigned(null, GOOD, "AAAA"),
  "a header of a poisoned prototype": () => unsigned('{"__proto__":{"alg":"none"}}', GOOD),
  "a header 5000 deep": () => unsigned(`${"[".repeat(3_000)}`, {}, "AAAA"),
  "parts that are not JSON": () => "aaaa.bbbb.cccc",
  "parts of the other alphabet": () => "a+/a.b+/b.c+/c",
  "only dots": () => "..",
  "more than 8 KiB": () => signed({ padding: "x".repeat(9_000) }),
  "an unknown key": () => `pr_${"0".repeat(32)}_${"A".repeat(43)}`,
  "a key that is only its beginning": () => "pr_",
  "a key that is a property": () => "pr___proto__",
  "half a key": async ({ runtime }) => (await runtime.keys.create({ user: "x", name: "x" })).secret.slice(0, 40),
  "a key and a token in one": async ({ runtime }) => {
    const { secret } = await runtime.keys.create({ user: "x", name: "x" });
    return [`authorization: Bearer ${secret} ${await signed()}`];
  },
  "a key and a token in a list": async ({ runtime }) => {
    const { secret } = await runtime.keys.create({ user: "x", name: "x" });
    return [`authorization: Bearer ${secret}, Bearer ${await signed()}`];
  },
  "the header twice": async () => [
    `authorization: Bearer ${await signed()}`,
    `authorization: Bearer ${await signed()}`,
  ],
  "the header twice, in two cases": async ({ runtime }) => {
    const { secret } = await runtime.keys.create({ user: "x", name: "x" });
    return [`authorization: Bearer ${secret}`, "Authorization: Bearer x"];
  },
  "two blanks": async () => [`authorization: Bearer  ${await signed()}`],
  "a tab": async () => [`authorization: Bearer\t${await signed()}`],
  "no scheme": async () => [`authorization: ${await signed()}`],
  "another scheme": async () => [`authorization: Basic ${await signed()}`],
  "a longer scheme": async () => [`authorization: Bearer2 ${await signed()}`],
  "a scheme in small letters, and nothing that is true": () => [`authorization: bearer ${unsigned({ alg: "none" })}`],
  "nothing behind the scheme": () => ["authorization: Bearer "],
  "an empty header": () => ["authorization:"],
  quotes: async () => [`authorization: Bearer "${await signed()}"`],
  "letters beyond ASCII": async () => [`authorization: Bearer ${await signed()}é`],
  "a byte order mark": async () => [`authorization: Bearer \u00ef\u00bb\u00bf${await signed()}`],
  "the name of a parameter": async () => [`authorization: Bearer token=${await signed()}`],
  "the token in the query": async () => [`x-nothing: ${await signed()}`],
  "the token in another header": async () => [`x-api-key: ${await signed()}`],
  "the token as a subprotocol, without an upgrade": async () => [`sec-websocket-protocol: bearer.${await signed()}`],
};

/** What Node.js itself turns away. */
const UNPARSABLE: Record<string, [status: number, lines: () => string[]]> = {
  "a NUL": [400, () => ["authorization: Bearer a\0b"]],
  "a line break": [400, () => ["authorization: Bearer a\nb: c\n\rd"]],
  "more than 16 KiB": [431, () => [`authorization: Bearer ${"a".repeat(20_000)}`]],
};

/** One request in exactly these bytes. */
async function ask(port: number, lines: readonly string[], from: string) {
  const socket = net.connect(port, "127.0.0.1");
  const head = [
    "GET /v1/status HTTP/1.1",
    "host: localhost",
    `x-forwarded-for: ${from}`,
    "connection: close",
    ...lines,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`, "latin1");
  let text = "";
  for await (const chunk of socket) text += chunk;
  return { status: Number(text.slice(9, 12)), text };
}

describe("hostile tokens", () => {
  it("are turned away, each of them: none is let in, none crashes, none is repeated or logged, none calls anybody", async () => {
    const keys = await issuer();
    const evil = await issuer();
    const house = await houseWith(byKeySet(keys.jwksUrl));
    const port = await listen(house.app);
    const sent: string[] = [];
    let from = 0;
    for (const [name, make] of Object.entries(HOSTILE)) {
      const made = await make(house, evil.jwksUrl);
      const lines = typeof made === "string" ? [`authorization: Bearer ${made}`] : made;
      const { status: answered, text } = await ask(port, lines, `10.0.${from >> 8}.${from++ & 255}`);
      expect.soft(answered, name).toBe(401);
      expect.soft(text, name).toContain('"code":"unauthenticated"');
      expect.soft(text.toLowerCase(), name).toContain("\r\nwww-authenticate: bearer");
      for (const word of lines
        .join(" ")
        .split(/[\s.]/)
        .filter((part) => part.length > 20)) {
        sent.push(word);
        expect.soft(text, name).not.toContain(word);
      }
    }
    for (const [name, [expected, lines]] of Object.entries(UNPARSABLE)) {
      expect.soft((await ask(port, lines(), "10.9.9.9")).status, name).toBe(expected);
    }
    const logged = house.log.join("");
    expect(logged).toContain('"url":"/v1/status"');
    for (const word of sent) expect(logged).not.toContain(word);
    expect(evil.fetched).toBe(0);
    // One set of keys was enough for all the kids that nobody knows.
    expect(keys.fetched).toBe(1);
    const good = await ask(port, [`authorization: Bearer ${await signed()}`], "10.8.8.8");
    expect(good.status).toBe(200);
  });
});

describe("the key set", () => {
  it.each<[string, () => [number, string]]>([
    ["is not there", () => [404, "{}"]],
    ["fails", () => [500, "no"]],
    ["is elsewhere", () => [302, ""]],
    ["is not JSON", () => [200, "<html>"]],
    ["is no key set", () => [200, '{"keys":{}}']],
    ["is larger than any", () => [200, JSON.stringify({ keys: [], padding: "x".repeat(2_000_000) })]],
  ])(
    "that %s is the server's trouble, asked for again after ten seconds and not by each request",
    async (_name, answer) => {
      const keys = await issuer();
      const whole = keys.answer;
      keys.answer = answer;
      const house = await houseWith(byKeySet(keys.jwksUrl));
      const token = await signed();
      for (let times = 0; times < 8; times += 1) {
        const refused = await house.send("GET /v1/status", undefined, { authorization: `Bearer ${token}` });
        expect(refused).toMatchObject({
          status: 503,
          headers: { "retry-after": "10" },
          body: { code: "identity_unavailable" },
        });
        expect(JSON.stringify(refused.body)).not.toContain("127.0.0.1");
      }
      expect(keys.fetched).toBe(1);
      keys.answer = whole;
      house.clock.advance(10_000);
      expect(await status(house, token)).toBe(200);
      expect(keys.fetched).toBe(2);
    },
  );

  it("is not fetched from inside the network unless its origin is allowed", async () => {
    const keys = await issuer();
    // Nobody listens for TLS there; that is not found out.
    const jwksUrl = keys.jwksUrl.replace("http:", "https:");
    const house = await houseWith({ ...byKeySet(jwksUrl), allowPrivate: [] });
    expect(await status(house, await signed())).toBe("identity_unavailable");
    expect(keys.fetched).toBe(0);
  });
});

describe("the configuration", () => {
  const far = "https://login.example/keys";
  it.each<[string, Record<string, unknown>, string]>([
    ["a secret that is too short", { secret: "x".repeat(31) }, "secret"],
    ["a secret that is too short for its algorithm", { secret: "x".repeat(32), algorithms: ["HS512"] }, "secret"],
    ["a secret with public-key algorithms", { secret: SECRET, algorithms: ["HS256", "RS256"] }, "algorithms[1]"],
    ["a key set with secret-key algorithms", { jwksUrl: far, algorithms: ["HS256"] }, "algorithms[0]"],
    ["both a secret and a key set", { secret: SECRET, jwksUrl: far, algorithms: ["RS256"] }, ""],
    ["neither", {}, ""],
    ["a key set of any algorithm", { jwksUrl: far }, "algorithms"],
    ["no algorithm", { jwksUrl: far, algorithms: [] }, "algorithms"],
    ["alg none", { secret: SECRET, algorithms: ["none"] }, "algorithms[0]"],
    ["the algorithm of a property", { secret: SECRET, algorithms: ["constructor"] }, "algorithms[0]"],
    ["a key set in plain http", { jwksUrl: "http://login.example/keys", algorithms: ["RS256"] }, "jwksUrl"],
    ["a key set in a file", { jwksUrl: "file:///etc/x", algorithms: ["RS256"], allowPrivate: ["null"] }, "jwksUrl"],
    ["a key set that is no URL", { jwksUrl: "login.example", algorithms: ["RS256"] }, "jwksUrl"],
    ["a claim without a name", { secret: SECRET, claims: { user: "" } }, "claims.user"],
    ["no issuer", { secret: SECRET, issuer: undefined }, "issuer"],
    ["an unknown field", { secret: SECRET, clockTolerance: 3600 }, "clockTolerance"],
  ])("refuses %s, and does not repeat the secret", async (_name, jwt, field) => {
    const auth = { mode: "required", jwt: { issuer: ISSUER, audience: AUDIENCE, ...jwt } };
    const error = await openHouse({}, { auth } as AppOptions).catch((reason) => reason);
    expect(error).toMatchObject({ code: "invalid_input", fields: [{ field: field === "" ? "jwt" : `jwt.${field}` }] });
    expect(`${error.stack}${JSON.stringify(error)}`).not.toMatch(/xxxx|both sides/);
  });
});
