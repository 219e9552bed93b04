/** What a configured URL must not reach. Every case is watched by a server on loopback that counts who connects. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Address, type GuardOptions, guardedFetch } from "../../src/net/guarded-fetch.ts";

interface Watched {
  readonly port: number;
  readonly origin: string;
  connections(): number;
}

async function watched(answer: http.RequestListener = (_request, response) => response.end("inside")) {
  let connections = 0;
  const server = http.createServer(answer).on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, origin: `http://127.0.0.1:${port}`, connections: () => connections } satisfies Watched;
}

/** Names that somebody else's DNS server answers for; what is not here does not resolve. */
const NAMES: Record<string, readonly string[]> = {
  localhost: ["127.0.0.1", "::1"],
  "localhost.": ["127.0.0.1"],
  "app.localhost": ["127.0.0.1"],
  "localhost.localdomain": ["127.0.0.1"],
  "ip6-localhost": ["::1"],
  "metadata.google.internal": ["169.254.169.254"],
  "metadata.google.internal.": ["169.254.169.254"],
  "127.0.0.1.nip.io": ["127.0.0.1"],
  "loopback.evil.example": ["127.0.0.1"],
  "mapped.evil.example": ["::ffff:127.0.0.1"],
  "mixed.evil.example": ["192.31.196.1", "127.0.0.1"],
  "mixed6.evil.example": ["2620:4f:8000::1", "::1"],
  "zero.evil.example": ["0.0.0.0"],
  "unspecified.evil.example": ["::"],
  "rfc1918.evil.example": ["10.1.2.3"],
  "unique-local.evil.example": ["fd00:ec2::254"],
  "nat64.evil.example": ["64:ff9b::7f00:1"],
};

async function resolve(host: string): Promise<readonly Address[]> {
  const addresses = NAMES[host];
  if (addresses === undefined) throw new Error(`${host} does not resolve`);
  return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
}

/** PORT is that of the watched server. */
const HOSTILE = [
  // Plain
  "http://127.0.0.1:PORT/",
  "https://127.0.0.1:PORT/",
  "https://127.9.8.7:PORT/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.1.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://100.100.100.200/latest/meta-data/",
  "https://168.63.129.16/metadata",
  "https://192.0.0.192/opc/v2/",
  "https://198.18.0.1/",
  "https://203.0.113.7/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  // The same in other writings
  "https://2130706433:PORT/",
  "https://0x7f000001:PORT/",
  "https://0x7f.0.0.1:PORT/",
  "https://0177.0.0.1:PORT/",
  "https://017700000001:PORT/",
  "https://127.1:PORT/",
  "https://127.0.1:PORT/",
  "https://127.0.0.1.:PORT/",
  "https://0:PORT/",
  "https://0.0.0.0:PORT/",
  "https://１２７.０.０.１:PORT/",
  "https://①②⑦.0.0.1:PORT/",
  "https://127。0。0。1:PORT/",
  "https://127｡0｡0｡1:PORT/",
  "https://%31%32%37.0.0.1:PORT/",
  "https:127.0.0.1:PORT/",
  "https:\\\\127.0.0.1:PORT\\",
  "https:///127.0.0.1:PORT/",
  "\thttps://127.0.\n0.1:PORT/",
  // IPv6, and IPv4 within it
  "https://[::1]:PORT/",
  "https://[0:0:0:0:0:0:0:1]:PORT/",
  "https://[::]:PORT/",
  "https://[::ffff:127.0.0.1]:PORT/",
  "https://[::ffff:7f00:1]:PORT/",
  "https://[::ffff:a9fe:a9fe]/",
  "https://[::127.0.0.1]:PORT/",
  "https://[64:ff9b::7f00:1]:PORT/",
  "https://[64:ff9b::a9fe:a9fe]/",
  "https://[64:ff9b:1::1]/",
  "https://[2002:7f00:1::]:PORT/",
  "https://[2001:0:7f00:1::]/",
  "https://[2001:db8::1]/",
  "https://[fe80::1]:PORT/",
  "https://[fec0::1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/latest/meta-data/",
  "https://[ff02::1]/",
  // Names
  ...Object.keys(NAMES).map((name) => `https://${name}:PORT/`),
  "https://LOCALHOST:PORT/",
  "https://ⓛocalhost:PORT/",
  // Who is asked, and how
  "https://user@127.0.0.1:PORT/",
  "https://api.example:secret@loopback.evil.example:PORT/",
  "https://api.example@loopback.evil.example:PORT/",
  "https://127.0.0.1:PORT\\@api.example/",
  "https://api.example:0/",
  // Other protocols
  "file:///etc/passwd",
  "data:text/plain,hello",
  "blob:https://127.0.0.1/0",
  "gopher://127.0.0.1:PORT/_",
  "ftp://127.0.0.1:PORT/",
  "ws://127.0.0.1:PORT/",
  "javascript:0",
  "//127.0.0.1:PORT/",
  "127.0.0.1:PORT",
  "/etc/passwd",
  "",
];

describe("hostile URLs", () => {
  it("are more than sixty", () => expect(new Set(HOSTILE).size).toBeGreaterThan(60));

  it.each(HOSTILE)("%s", async (url) => {
    const inside = await watched();
    const call = guardedFetch({ resolve })(url.replace("PORT", `${inside.port}`));
    await expect(call).rejects.toMatchObject({ name: "PersonaError", code: "url_refused", status: 502 });
    expect(inside.connections()).toBe(0);
  });

  it("names the host and never what stands beside it", async () => {
    const call = guardedFetch({ resolve })("https://user:hunter2@127.0.0.1/path?key=hunter2");
    const error = await call.catch((reason) => reason);
    expect(error.message).toBe("127.0.0.1 must be called without user and password.");
    expect(JSON.stringify([error, error.stack])).not.toContain("hunter2");
  });

  it("cannot name an address that is public when it is checked and another one when it is called", async () => {
    const inside = await watched();
    const called = new AbortController();
    const asked: string[] = [];
    // The first address is one of AS112, which answers nothing.
    const answers = ["192.31.196.1", "127.0.0.1"];
    const rebinding = async (host: string) => {
      asked.push(host);
      setImmediate(() => called.abort());
      return [{ address: answers[asked.length - 1] ?? "127.0.0.1", family: 4 }];
    };
    const fetch = guardedFetch({ resolve: rebinding });
    const url = `https://rebind.evil.example:${inside.port}/`;
    await expect(fetch(url, { signal: called.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(asked).toEqual(["rebind.evil.example"]);
    await expect(fetch(url)).rejects.toMatchObject({ code: "url_refused" });
    await expect(fetch(url)).rejects.toMatchObject({ code: "url_refused" });
    expect(inside.connections()).toBe(0);
  });
});

const PUBLIC = ["1.1.1.1", "172.32.0.1", "192.31.196.1", "2620:4f:8000::1", "64:ff9b::101:101", "2606:4700::1111"];

it.each(PUBLIC)("takes %s for public", async (address) => {
  const called = new AbortController();
  const resolved = async () => {
    setImmediate(() => called.abort());
    return [{ address, family: address.includes(":") ? 6 : 4 }];
  };
  const call = guardedFetch({ resolve: resolved })("https://api.example:9/", { signal: called.signal });
  const error = await call.catch((reason) => reason);
  expect(error.code).not.toBe("url_refused");
});

describe("what is allowed", () => {
  const open = (inside: Watched, options: GuardOptions = {}) =>
    guardedFetch({ allowPrivate: [inside.origin], ...options });

  it("is called, with method, headers and body, and answers as fetch does", async () => {
    const inside = await watched((request, response) => {
      response.writeHead(201, { "x-method": request.method ?? "", "x-token": `${request.headers["x-token"]}` });
      request.pipe(response);
    });
    const answer = await open(inside)(`${inside.origin}/v1`, {
      method: "POST",
      headers: { "x-token": "t" },
      body: "hello",
    });
    expect([answer.status, answer.headers.get("x-method"), answer.headers.get("x-token")]).toEqual([201, "POST", "t"]);
    expect(await answer.text()).toBe("hello");
    const request = new Request(`${inside.origin}/v2`, { method: "PUT", body: "again" });
    const again = await open(inside)(request);
    expect([again.headers.get("x-method"), await again.text()]).toEqual(["PUT", "again"]);
  });

  const form = new URLSearchParams({ a: "1", b: "two words" });
  it.each<[string, RequestInit]>([
    ["nothing but a URL", {}],
    ["a method in small letters", { method: "post", body: "x" }],
    ["a text without a type", { method: "POST", body: "süß" }],
    ["a type of its own", { method: "POST", body: "{}", headers: new Headers({ "Content-Type": "application/json" }) }],
    ["headers as pairs", { headers: [["X-Token", "t"]] }],
    ["a form", { method: "POST", body: form }],
    ["bytes", { method: "POST", body: new Uint8Array([1, 2, 3]) }],
    ["a stream", { method: "POST", body: new Blob(["streamed"]).stream(), duplex: "half" } as RequestInit],
    ["no body at all", { method: "HEAD" }],
  ])("is asked and answers as by fetch: %s", async (_, init) => {
    const inside = await watched((request, response) => {
      const { "content-type": type, "x-token": token } = request.headers;
      const cookies: [string, string[]] = ["set-cookie", ["a=1", "b=2"]];
      response.writeHead(203, "Perhaps", Object.fromEntries([cookies, ["x-latin", "caf\u00e9"]]));
      response.write(JSON.stringify([request.method, request.url, type, token]));
      request.pipe(response);
    });
    const told = async (answer: Response) => ({
      ...{ status: answer.status, statusText: answer.statusText, text: await answer.text() },
      ...{ cookies: answer.headers.getSetCookie(), latin: answer.headers.get("x-latin") },
    });
    const url = `${inside.origin}/path?query=1`;
    // A stream can be read once.
    const copy = () =>
      init.body instanceof ReadableStream ? { ...init, body: new Blob(["streamed"]).stream() } : init;
    expect(await told(await open(inside)(url, copy()))).toEqual(await told(await fetch(url, copy())));
  });

  it("unpacks what comes packed", async () => {
    const inside = await watched((request, response) => {
      expect(request.headers["accept-encoding"]).toBe("gzip, deflate");
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("small"));
    });
    expect(await (await open(inside)(inside.origin)).text()).toBe("small");
  });

  it("ends at once when the caller gives up: before, while it waits, and in the middle", async () => {
    const hungUp = Promise.withResolvers<void>();
    const inside = await watched((request, response) => {
      if (request.url !== "/middle") return;
      response.once("close", hungUp.resolve);
      response.write("once upon a ");
    });
    const reason = new Error("enough");
    const fetch = open(inside);
    await expect(fetch(inside.origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(inside.connections()).toBe(0);
    for (const path of ["/head", "/middle"]) {
      const caller = new AbortController();
      const call = fetch(`${inside.origin}${path}`, { signal: caller.signal });
      const reader = path === "/head" ? undefined : (await call).body?.getReader();
      await reader?.read();
      caller.abort(reason);
      await expect(reader?.read() ?? call).rejects.toBe(reason);
    }
    await hungUp.promise;
  });

  it("hangs up when nobody reads any more", async () => {
    const hungUp = Promise.withResolvers<void>();
    const inside = await watched((_request, response) => {
      response.once("close", hungUp.resolve);
      response.write("once upon a ");
    });
    const { body } = await open(inside)(inside.origin);
    await body?.cancel();
    await hungUp.promise;
  });

  it("fails as fetch does when the answer is no answer, or breaks off", async () => {
    const inside = await watched((request, { socket }) => {
      if (request.url === "/600") socket?.end("HTTP/1.1 600 Beyond\r\ncontent-length: 0\r\n\r\n");
      if (request.url === "/cut") socket?.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut");
      if (request.url === "/none") socket?.destroy();
    });
    const fetch = open(inside);
    await expect(fetch(`${inside.origin}/600`)).rejects.toThrow("fetch failed");
    await expect(fetch(`${inside.origin}/none`)).rejects.toThrow("fetch failed");
    const cut = await fetch(`${inside.origin}/cut`);
    await expect(cut.text()).rejects.toMatchObject({ message: "terminated", cause: { code: "UND_ERR_SOCKET" } });
  });

  it("is that origin and no other: not its other ports, names or protocols", async () => {
    const inside = await watched();
    const other = await watched();
    const fetch = open(inside, { resolve });
    for (const url of [other.origin, `https://127.0.0.1:${inside.port}/`, `https://localhost:${inside.port}/`]) {
      const outcome = await fetch(url).catch(({ code, message }) => code ?? message);
      // TLS at the allowed host and port is another origin, too.
      expect.soft(outcome, url).toBe("url_refused");
    }
    expect([inside.connections(), other.connections()]).toEqual([0, 0]);
  });

  it("does not extend to where it redirects", async () => {
    const secret = await watched();
    for (const status of [301, 302, 303, 307, 308]) {
      const inside = await watched((_request, response) =>
        response.writeHead(status, { location: secret.origin }).end(),
      );
      await expect(open(inside)(inside.origin)).rejects.toMatchObject({ code: "url_refused" });
      await expect(open(inside)(inside.origin, { redirect: "follow" })).rejects.toMatchObject({ code: "url_refused" });
    }
    expect(secret.connections()).toBe(0);
  });

  it("may not answer more than so many bytes, also when they come packed", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const inside = await watched((request, response) => {
      if (request.url === "/bomb") response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      else response.end("x".repeat(Number(request.url?.slice(1))));
    });
    const fetch = open(inside, { maxBytes: 100_000 });
    expect(await (await fetch(`${inside.origin}/100000`)).text()).toHaveLength(100_000);
    for (const path of ["100001", "bomb"]) {
      const answer = await fetch(`${inside.origin}/${path}`);
      await expect(answer.text(), path).rejects.toMatchObject({ code: "response_too_large" });
    }
  });

  it("may not keep the caller waiting: neither for the head nor in the middle", async () => {
    const inside = await watched((request, response) => {
      if (request.url === "/middle") response.write("once upon a ");
    });
    const fetch = open(inside, { timeoutMs: 1 });
    await expect(fetch(`${inside.origin}/head`)).rejects.toMatchObject({ cause: { code: "UND_ERR_HEADERS_TIMEOUT" } });
    // A machine that stands still for a moment gets more time for the head.
    const headOf = (timeoutMs: number): Promise<Response> =>
      open(inside, { timeoutMs })(`${inside.origin}/middle`).catch((error: Error) => {
        expect(error).toMatchObject({ cause: { code: expect.stringMatching(/^UND_ERR_(CONNECT|HEADERS)_TIMEOUT$/) } });
        return headOf(4 * timeoutMs);
      });
    const answer = await headOf(100);
    await expect(answer.text()).rejects.toMatchObject({ cause: { code: "UND_ERR_BODY_TIMEOUT" } });
  });

  it("gives an answer without a body", async () => {
    const inside = await watched((_request, response) => response.writeHead(204).end());
    expect(await open(inside)(inside.origin)).toMatchObject({ status: 204, body: null });
  });
});
