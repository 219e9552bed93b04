/** The routes of the catalogue, for each kind of entry. */
import { describe, expect, it } from "vitest";
import { NOW, openCatalogueHouse } from "./catalogue-house.ts";

const KINDS = [
  { kind: "persona", path: "/v1/personas", least: {}, more: { description: "She counts." }, broken: { locale: "?" } },
  {
    kind: "role",
    path: "/v1/roles",
    least: { system_prompt: "Be brief." },
    more: { temperature: 0.5 },
    broken: { temperature: 3 },
  },
  {
    kind: "sequence",
    path: "/v1/sequences",
    least: { steps: [{ id: "one", instruction: "Greet." }] },
    more: { description: "It leads there." },
    broken: { completion: "never" },
  },
] as const;

describe.each(KINDS)("a $kind", ({ kind, path, least, more, broken }) => {
  const given = { id: "ada", display_name: " Ada ", ...least };

  it("is made once, and told with its place and its tag", async () => {
    const { send } = await openCatalogueHouse();
    const made = await send(`POST ${path}`, given);
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `${path}/ada`, etag: expect.stringMatching(/^"[^"]+"$/) },
      body: { ...least, id: "ada", display_name: "Ada", version: 1, source: "store", created_at: NOW, updated_at: NOW },
    });
    const read = await send(`GET ${path}/ada`);
    expect(read).toMatchObject({ status: 200, body: made.body });
    expect(read.headers["etag"]).toBe(made.headers["etag"]);
    expect(read.headers["cache-control"]).toBe("private, no-cache");

    const again = await send(`POST ${path}`, { ...given, display_name: "Other" });
    expect(again).toMatchObject({ status: 409, body: { code: "already_exists" } });
    expect((await send(`GET ${path}/ada`)).body).toEqual(made.body);
  });

  it("is listed by id, page by page", async () => {
    const { send } = await openCatalogueHouse();
    const name = path.slice("/v1/".length);
    expect(await send(`GET ${path}`)).toMatchObject({ status: 200, body: { [name]: [] } });
    const ids = ["b", "a.1", "a-1", "a", "z9", "a_1", "0"];
    for (const id of ids) expect((await send(`POST ${path}`, { ...given, id })).status).toBe(201);
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 4; pages += 1) {
      const { body } = await send(`GET ${path}?limit=2${cursor}`);
      seen.push(...body[name].map(({ id }: { id: string }) => id));
      expect(body.next_cursor === undefined).toBe(pages === 3);
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual([...ids].sort());
    const whole = await send(`GET ${path}`);
    expect(whole.body).toEqual({ [name]: expect.any(Array) });
    expect(whole.body[name]).toHaveLength(ids.length);
    for (const wrong of [
      "limit=0",
      "limit=1001",
      "limit=x",
      "cursor=%2F",
      "cursor=a",
      "cursor=",
      "after=a",
      "cursor=YQ==",
    ])
      expect((await send(`GET ${path}?${wrong}`)).body, wrong).toMatchObject({ code: "invalid_input" });
  });

  it("names the seeds that were deleted when it is asked to", async () => {
    const { send } = await openCatalogueHouse();
    expect((await send(`GET ${path}?deleted=true`)).body).toMatchObject({ deleted: [] });
    expect((await send(`GET ${path}?deleted=false`)).body).not.toHaveProperty("deleted");
    expect((await send(`GET ${path}?deleted=yes`)).body).toMatchObject({ fields: [{ field: "deleted" }] });
  });

  it("goes on from a cursor whose entry is gone", async () => {
    const { send } = await openCatalogueHouse();
    const name = path.slice("/v1/".length);
    for (const id of ["a", "b", "c"]) await send(`POST ${path}`, { ...given, id });
    const { body } = await send(`GET ${path}?limit=2`);
    await send(`DELETE ${path}/b`);
    expect((await send(`GET ${path}?cursor=${body.next_cursor}`)).body[name]).toMatchObject([{ id: "c" }]);
  });

  it("is read, edited and sent back as it came", async () => {
    const { send, clock } = await openCatalogueHouse();
    const made = await send(`POST ${path}`, given);
    clock.advance(5);
    const edited = await send(
      `PUT ${path}/ada`,
      { ...made.body, ...more },
      { "if-match": String(made.headers["etag"]) },
    );
    expect(edited).toMatchObject({
      status: 200,
      body: { ...made.body, ...more, version: 2, updated_at: NOW + 5 },
    });
    expect(edited.headers["etag"]).not.toBe(made.headers["etag"]);
    // A replacement replaces: what it leaves out is gone.
    const [field = ""] = Object.keys(more);
    const tag = String(edited.headers["etag"]);
    const replaced = await send(`PUT ${path}/ada`, { display_name: "Ada", ...least }, { "if-match": tag });
    expect(replaced.status).toBe(200);
    expect(replaced.body).not.toHaveProperty(field);
  });

  it("is made by a PUT that says so", async () => {
    const { send } = await openCatalogueHouse();
    const body = { display_name: "Ada", ...least };
    const made = await send(`PUT ${path}/ada`, body, { "if-none-match": "*" });
    expect(made).toMatchObject({ status: 201, headers: { location: `${path}/ada` }, body: { id: "ada", version: 1 } });
    const again = await send(`PUT ${path}/ada`, body, { "if-none-match": "*" });
    expect(again).toMatchObject({ status: 412, body: { code: "version_conflict" } });
  });

  it("is patched field by field", async () => {
    const { send } = await openCatalogueHouse();
    const made = await send(`POST ${path}`, { ...given, ...more });
    const [field = ""] = Object.keys(more);
    const patch = (body: object, type: string, tag: unknown) =>
      send(`PATCH ${path}/ada`, Buffer.from(JSON.stringify(body)), { "content-type": type, "if-match": String(tag) });
    const renamed = await patch({ display_name: "Countess" }, "application/merge-patch+json", made.headers["etag"]);
    // The rest stays.
    expect(renamed).toMatchObject({ status: 200, body: { ...least, ...more, display_name: "Countess", version: 2 } });
    const removed = await patch({ [field]: null }, "application/json", renamed.headers["etag"]);
    expect(removed).toMatchObject({ status: 200, body: { display_name: "Countess", version: 3 } });
    expect(removed.body).not.toHaveProperty(field);
    const wrong = await patch({ ...broken, nick: 1 }, "application/merge-patch+json", removed.headers["etag"]);
    expect(wrong).toMatchObject({ status: 422, body: { code: `invalid_${kind}` } });
    expect(wrong.body.fields.map((one: { field: string }) => one.field).sort()).toEqual(
      [...Object.keys(broken), "nick"].sort(),
    );
    expect((await send(`GET ${path}/ada`)).body).toEqual(removed.body);
  });

  it("is deleted, and not there any more", async () => {
    const { send } = await openCatalogueHouse();
    await send(`POST ${path}`, given);
    expect(await send(`DELETE ${path}/ada`)).toMatchObject({ status: 204, body: undefined });
    for (const route of [`GET ${path}/ada`, `DELETE ${path}/ada`, `POST ${path}/ada/reset`])
      expect(await send(route), route).toMatchObject({ status: 404, body: { code: `${kind}_not_found` } });
    const patched = await send(`PATCH ${path}/ada`, {}, { "if-match": "*" });
    expect(patched).toMatchObject({ status: 404, body: { code: `${kind}_not_found` } });
    // A version never comes twice.
    expect((await send(`POST ${path}`, given)).body.version).toBe(3);
  });

  it("names every broken field in one answer, and keeps nothing", async () => {
    const { send } = await openCatalogueHouse();
    const wrong = { id: "A B", display_name: " ", ...broken, nick: 1 };
    const answer = await send(`POST ${path}`, wrong);
    expect(answer).toMatchObject({ status: 422, body: { code: `invalid_${kind}` } });
    const fields = answer.body.fields.map((one: { field: string }) => one.field);
    for (const field of [...Object.keys(wrong), ...Object.keys(least)]) expect(fields).toContain(field);
    for (const body of [[], 7, null, "text"]) {
      const refused = await send(`POST ${path}`, Buffer.from(JSON.stringify(body)), {
        "content-type": "application/json",
      });
      expect(refused, JSON.stringify(body)).toMatchObject({ status: 422, body: { code: `invalid_${kind}` } });
    }
    expect((await send(`GET ${path}`)).body[`${kind}s`]).toEqual([]);
  });
});
