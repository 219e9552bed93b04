/** Who may overwrite what: preconditions on the routes of the catalogue, and many writers at once. */
import { expect, it } from "vitest";
import { openCatalogueHouse, ROLE } from "./catalogue-house.ts";
import { listen } from "./harness.ts";

async function openWithRole() {
  const house = await openCatalogueHouse();
  const { headers } = await house.send("POST /v1/roles", ROLE);
  const tag = String(headers["etag"]);
  return { ...house, tag, stale: tag.replace(/^"./, '"9'), weak: `W/${tag}` };
}

type Tags = Awaited<ReturnType<typeof openWithRole>>;

it.each<[name: string, headers: (tags: Tags) => Record<string, string>, status: number]>([
  ["nothing", () => ({}), 428],
  ["the tag", ({ tag }) => ({ "if-match": tag }), 200],
  ["one of several tags", ({ tag }) => ({ "if-match": `"x", W/"y" , ${tag}` }), 200],
  ["whatever is there", () => ({ "if-match": "*" }), 200],
  ["another tag", ({ stale }) => ({ "if-match": stale }), 412],
  ["the tag, weakened", ({ weak }) => ({ "if-match": weak }), 412],
  ["the tag without its quotes", ({ tag }) => ({ "if-match": tag.slice(1, -1) }), 400],
  ["an empty list", () => ({ "if-match": "," }), 400],
  ["that there is none", () => ({ "if-none-match": "*" }), 412],
  ["that it is another", ({ stale }) => ({ "if-none-match": stale }), 428],
  ["the tag, and that it is another", ({ tag, stale }) => ({ "if-match": tag, "if-none-match": stale }), 200],
  ["the tag, and that it is not", ({ tag }) => ({ "if-match": tag, "if-none-match": tag }), 412],
  ["the tag, and that it is not, weakly", ({ tag, weak }) => ({ "if-match": tag, "if-none-match": weak }), 412],
  ["what is no list of tags", ({ tag }) => ({ "if-match": tag, "if-none-match": "x" }), 400],
])("a change that demands %s", async (_, headers, status) => {
  const codes: Record<number, string> = { 400: "malformed_request", 412: "version_conflict", 428: "version_required" };
  for (const method of ["PUT", "PATCH"]) {
    const house = await openWithRole();
    const before = (await house.send("GET /v1/roles/aide")).body;
    const answer = await house.send(`${method} /v1/roles/aide`, { ...ROLE, display_name: "New" }, headers(house));
    expect(answer.status, method).toBe(status);
    if (status !== 200) expect(answer.body.code).toBe(codes[status]);
    const now = (await house.send("GET /v1/roles/aide")).body;
    if (status === 200) expect(now).toEqual(answer.body);
    else expect(now).toEqual(before);
  }
});

it.each<[headers: (tags: Tags) => Record<string, string>, status: number]>([
  [() => ({}), 204],
  [({ tag }) => ({ "if-match": tag }), 204],
  [() => ({ "if-match": "*" }), 204],
  [({ stale }) => ({ "if-match": stale }), 412],
  [({ weak }) => ({ "if-match": weak }), 412],
  [() => ({ "if-match": "x" }), 400],
])("a delete and a reset may, but need not say what is to go", async (headers, status) => {
  for (const route of ["DELETE /v1/roles/aide", "POST /v1/roles/aide/reset"]) {
    const house = await openWithRole();
    expect((await house.send(route, undefined, headers(house))).status, route).toBe(status);
    expect((await house.send("GET /v1/roles/aide")).status, route).toBe(status === 204 ? 404 : 200);
  }
});

it("a change of what is not there is told so: 404, and 412 for one that would make it", async () => {
  const { send, tag } = await openWithRole();
  for (const condition of [tag, "*"]) {
    const given = { "if-match": condition };
    expect((await send("PUT /v1/roles/none", { ...ROLE, id: "none" }, given)).status).toBe(412);
    expect((await send("PATCH /v1/roles/none", {}, given)).status).toBe(404);
    expect((await send("DELETE /v1/roles/none", undefined, given)).status).toBe(404);
    expect((await send("POST /v1/roles/none/reset", undefined, given)).status).toBe(404);
  }
});

it.each<[header: (tags: Tags) => string, status: number]>([
  [({ tag }) => tag, 304],
  [({ weak }) => weak, 304],
  [({ stale, tag }) => `${stale}, ${tag}`, 304],
  [() => "*", 304],
  [({ stale }) => stale, 200],
  [() => "x", 400],
])("a read says what is known already, and gets nothing but what is new", async (header, status) => {
  const house = await openWithRole();
  for (const method of ["GET", "HEAD"]) {
    const answer = await house.app.inject({
      method: method as "GET",
      url: "/v1/roles/aide",
      headers: { "if-none-match": header(house) },
    });
    expect(answer.statusCode).toBe(status);
    if (status === 400) continue;
    expect(answer.headers["etag"]).toBe(house.tag);
    expect(answer.headers["cache-control"]).toBe("private, no-cache");
    if (status === 304) expect(answer.body).toBe("");
  }
});

it("of 64 that replace one version at once one wins, and 63 are told", async () => {
  const { app, send, tag } = await openWithRole();
  const port = await listen(app);
  const answers = await Promise.all(
    Array.from({ length: 64 }, async (_, n) => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/roles/aide`, {
        method: "PUT",
        headers: { "content-type": "application/json", "if-match": tag },
        body: JSON.stringify({ ...ROLE, display_name: `Writer ${n}` }),
      });
      return {
        status: answer.status,
        tag: answer.headers.get("etag"),
        body: (await answer.json()) as { code?: string },
      };
    }),
  );
  const [winner, ...others] = answers.filter(({ status }) => status === 200);
  expect(others).toEqual([]);
  const refused = answers.filter(({ status }) => status === 412);
  expect(refused).toHaveLength(63);
  for (const { body } of refused) expect(body.code).toBe("version_conflict");
  const now = await send("GET /v1/roles/aide");
  expect(now.body).toEqual(winner?.body);
  expect(now.headers["etag"]).toBe(winner?.tag);
  expect(now.body.version).toBe(2);
});

it("of 64 that make one at once one does, and 63 are told", async () => {
  const { app, send } = await openCatalogueHouse();
  const port = await listen(app);
  const statuses = await Promise.all(
    Array.from({ length: 64 }, async (_, n) => {
      const [method, path] = n % 2 === 0 ? ["PUT", "/v1/roles/aide"] : ["POST", "/v1/roles"];
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { "content-type": "application/json", ...(method === "PUT" && { "if-none-match": "*" }) },
        body: JSON.stringify({ ...ROLE, display_name: `Writer ${n}` }),
      });
      await answer.text();
      return answer.status;
    }),
  );
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 412 || status === 409)).toHaveLength(63);
  expect((await send("GET /v1/roles/aide")).body.version).toBe(1);
});
