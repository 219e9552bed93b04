/**
 * Every route of the server with requests that name what belongs to the owner, and the status with which each caller is
 * answered. A route, or an input of a route, that is not in here fails the matrix.
 */
import { personaSchema, roleSchema, sequenceSchema } from "../../../src/catalogue/schema.ts";
import { mapperEntries, PLAIN_OF_MAPPERS } from "./mappers.ts";
import { mindEntries, PLAIN_OF_MINDS } from "./minds.ts";
import { narrativeEntries, PLAIN_OF_NARRATIVES } from "./narratives.ts";
import type { Caller, Ids } from "./world.ts";

export type Row = Readonly<Record<Caller, number>>;

export interface Ask {
  /** `GET /v1/rooms/:id`, with an id in place of each parameter, and a query. */
  readonly url: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `own`: a room of whoever asks. Of several things in one request, `results` has the status of the first. */
export type Entry = readonly [request: (ids: Ids, own: string) => Ask, status: Row, results?: Row];

const all = (status: number): Row => ({
  nobody: 401,
  other: status,
  foreigner: status,
  foreignAdmin: status,
  owner: status,
  service: status,
  admin: status,
});

/** How callers are answered who may do it, or may not. */
export interface Rows {
  all(status: number): Row;
  owned(status: number): Row;
  shared(status: number): Row;
  ruled(status: number, abroad?: number): Row;
}

/** What belongs to the owner. */
const owned = (status: number): Row => ({ ...all(404), owner: status, service: status, admin: status });
/** What belongs to the tenant. */
const shared = (status: number): Row => ({ ...owned(status), other: status });
/** What takes the role admin. `abroad`: for the administrator of another tenant. */
const ruled = (status: number, abroad = 404): Row => ({ ...all(403), admin: status, foreignAdmin: abroad });
const open = (status: number): Row => ({ ...all(status), nobody: status });

const HELLO = { text: "hello" };
const once = ({ idempotencyKey }: Ids) => ({ "idempotency-key": idempotencyKey });
/** The owner has used the key for another message. Users have keys of their own; services and admins share theirs. */
const onceElsewhere: Row = { ...all(202), owner: 422, admin: 422 };
/** To speak as somebody who is no human. */
const notAsUser: Row = { ...all(202), other: 403, foreigner: 403, owner: 403 };
/** To speak, or to open a room, for the user `olive`: the foreigner is one too, elsewhere. */
const asOlive = (status: number): Row => ({ ...all(status), other: 403 });
const VOICE_PAGE = [
  "/voice",
  ...[
    "page.css",
    "page.js",
    "ear.js",
    "events.js",
    "microphone.js",
    "options.js",
    "player.js",
    "plot.js",
    "sound.js",
    "track.js",
  ].map((name) => `/voice/${name}`),
];

export const ENTRIES: Readonly<Record<string, readonly Entry[]>> = {
  "GET /v1/rooms/:id": [
    [({ room }) => ({ url: `/v1/rooms/${room}` }), owned(200)],
    [({ session }) => ({ url: `/v1/rooms/${session}` }), all(404)],
  ],
  "POST /v1/rooms": [
    [() => ({ url: "/v1/rooms", body: {} }), all(201)],
    [({ persona }) => ({ url: "/v1/rooms", body: { members: [persona] } }), shared(201)],
    [() => ({ url: "/v1/rooms", body: { owner: "user:olive" } }), asOlive(201)],
  ],
  "PUT /v1/rooms/:id/members/:persona": [
    [({ room }) => ({ url: `/v1/rooms/${room}/members/ada` }), owned(200)],
    [({ persona }, own) => ({ url: `/v1/rooms/${own}/members/${persona}` }), shared(200)],
  ],
  "DELETE /v1/rooms/:id/members/:persona": [
    [({ room }) => ({ url: `/v1/rooms/${room}/members/ada` }), owned(200)],
    [({ persona }, own) => ({ url: `/v1/rooms/${own}/members/${persona}` }), shared(200)],
  ],
  "POST /v1/rooms/:id/messages": [
    [({ room }) => ({ url: `/v1/rooms/${room}/messages`, body: HELLO }), owned(202)],
    [({ message }, own) => ({ url: `/v1/rooms/${own}/messages`, body: { ...HELLO, reply_to: message } }), all(422)],
    [(_, own) => ({ url: `/v1/rooms/${own}/messages`, body: { ...HELLO, from: "user:olive" } }), asOlive(202)],
    [(_, own) => ({ url: `/v1/rooms/${own}/messages`, body: { ...HELLO, from: "persona:ada" } }), notAsUser],
    [(ids, own) => ({ url: `/v1/rooms/${own}/messages`, body: HELLO, headers: once(ids) }), onceElsewhere],
  ],
  "GET /v1/rooms/:id/messages": [
    [({ room }) => ({ url: `/v1/rooms/${room}/messages` }), owned(200)],
    [({ message }, own) => ({ url: `/v1/rooms/${own}/messages?after=${message}` }), all(200)],
  ],
  "POST /v1/sessions": [
    [({ entry }) => ({ url: "/v1/sessions", body: { persona_id: entry } }), shared(201)],
    [({ role }) => ({ url: "/v1/sessions", body: { persona_id: "ida", role_id: role } }), shared(201)],
    [({ sequence }) => ({ url: "/v1/sessions", body: { persona_id: "ida", sequence_id: sequence } }), shared(201)],
    [() => ({ url: "/v1/sessions", body: { persona_id: "ida", from: "user:olive" } }), asOlive(201)],
    [
      () => ({ url: "/v1/sessions", body: { persona_id: "ida", from: "agent:olive" } }),
      { ...all(201), other: 403, foreigner: 403, owner: 403 },
    ],
  ],
  "GET /v1/sessions/:id": [
    [({ guided }) => ({ url: `/v1/sessions/${guided}` }), owned(200)],
    [({ session }) => ({ url: `/v1/sessions/${session}` }), owned(200)],
    [({ room }) => ({ url: `/v1/sessions/${room}` }), all(404)],
  ],
  "POST /v1/sessions/:id/advance": [
    [({ guided }) => ({ url: `/v1/sessions/${guided}/advance`, body: { step: "one" } }), owned(200)],
    [({ session }) => ({ url: `/v1/sessions/${session}/advance`, body: { step: "one" } }), owned(422)],
  ],
  "POST /v1/sessions/:id/refresh": [[({ guided }) => ({ url: `/v1/sessions/${guided}/refresh` }), owned(200)]],
  "POST /v1/sessions/:id/close": [
    [({ guided }) => ({ url: `/v1/sessions/${guided}/close` }), owned(200)],
    [({ session }) => ({ url: `/v1/sessions/${session}/close` }), owned(200)],
  ],
  "POST /v1/sessions/:id/messages": [
    [({ session }) => ({ url: `/v1/sessions/${session}/messages`, body: HELLO }), owned(202)],
    [
      ({ session }) => ({ url: `/v1/sessions/${session}/messages`, body: { ...HELLO, from: "user:olive" } }),
      owned(202),
    ],
    [
      (ids) => ({ url: `/v1/sessions/${ids.session}/messages`, body: HELLO, headers: once(ids) }),
      { ...owned(202), owner: 422, admin: 422 },
    ],
  ],
  "GET /v1/sessions/:id/messages": [
    [({ session }) => ({ url: `/v1/sessions/${session}/messages` }), owned(200)],
    [({ session, message }) => ({ url: `/v1/sessions/${session}/messages?after=${message}` }), owned(200)],
    [({ room }) => ({ url: `/v1/sessions/${room}/messages` }), all(404)],
  ],
  "POST /v1/personas/:id/messages": [
    [({ persona }) => ({ url: `/v1/personas/${persona}/messages`, body: HELLO }), shared(202)],
    [() => ({ url: "/v1/personas/ada/messages", body: { ...HELLO, from: "user:olive" } }), asOlive(202)],
    [() => ({ url: "/v1/personas/ada/messages", body: { ...HELLO, from: "agent:olive" } }), notAsUser],
    [() => ({ url: "/v1/personas/ada/messages", body: { ...HELLO, from: "system:olive" } }), notAsUser],
    [
      (ids) => ({
        url: "/v1/personas/ada/messages",
        body: { text: "canary-hello" },
        headers: once(ids),
      }),
      onceElsewhere,
    ],
  ],
  "GET /v1/enrollments": [
    [() => ({ url: "/v1/enrollments" }), all(200)],
    [({ persona }) => ({ url: `/v1/enrollments?after=${persona}` }), all(200)],
  ],
  "GET /v1/enrollments/:id": [[({ persona }) => ({ url: `/v1/enrollments/${persona}` }), shared(200)]],
  "GET /v1/enrollments/:id/why": [[({ persona }) => ({ url: `/v1/enrollments/${persona}/why` }), shared(200)]],
  "PUT /v1/enrollments/:id": [
    [({ persona }) => ({ url: `/v1/enrollments/${persona}`, body: { name: "Mine" } }), ruled(200, 201)],
  ],
  "PATCH /v1/enrollments/:id": [
    [({ persona }) => ({ url: `/v1/enrollments/${persona}`, body: { settings: { paused: false } } }), ruled(200)],
  ],
  "DELETE /v1/enrollments/:id": [[({ persona }) => ({ url: `/v1/enrollments/${persona}?mode=return` }), ruled(204)]],
  ...catalogueEntries("personas", ({ entry }) => entry, { display_name: "Mine" }),
  ...catalogueEntries("roles", ({ role }) => role, { display_name: "Mine", system_prompt: "Be brief." }),
  ...catalogueEntries("sequences", ({ sequence }) => sequence, {
    display_name: "Mine",
    steps: [{ id: "one", instruction: "Greet." }],
  }),
  ...mapperEntries({ all, owned, shared, ruled }),
  ...mindEntries({ all, owned, shared, ruled }),
  ...narrativeEntries({ all }),
  "POST /v1/sessions/resolve": [
    [({ entry }) => ({ url: "/v1/sessions/resolve", body: { persona_id: entry } }), shared(200)],
    [({ role }) => ({ url: "/v1/sessions/resolve", body: { persona_id: "ida", role_id: role } }), shared(200)],
    [
      ({ sequence }) => ({ url: "/v1/sessions/resolve", body: { persona_id: "ida", sequence_id: sequence, step: 0 } }),
      shared(200),
    ],
  ],
  "GET /v1/items/:id": [
    [({ item }) => ({ url: `/v1/items/${item}` }), owned(200)],
    [({ waiting }) => ({ url: `/v1/items/${waiting}` }), owned(200)],
    [({ dead }) => ({ url: `/v1/items/${dead}` }), owned(200)],
  ],
  "GET /v1/dead-letters": [
    [() => ({ url: "/v1/dead-letters" }), all(200)],
    [({ persona }) => ({ url: `/v1/dead-letters?persona=${persona}` }), shared(200)],
    [({ waiting }) => ({ url: `/v1/dead-letters?after=${waiting}` }), all(200)],
  ],
  "POST /v1/dead-letters/:item/replay": [[({ dead }) => ({ url: `/v1/dead-letters/${dead}/replay` }), ruled(202)]],
  "DELETE /v1/dead-letters/:item": [[({ dead }) => ({ url: `/v1/dead-letters/${dead}` }), ruled(204)]],
  "GET /v1/explanations/:id": [
    [({ turn }) => ({ url: `/v1/explanations/${turn}` }), owned(200)],
    [({ reply }) => ({ url: `/v1/explanations/${reply}` }), owned(200)],
    [({ item }) => ({ url: `/v1/explanations/${item}` }), owned(200)],
    [({ message }) => ({ url: `/v1/explanations/${message}` }), owned(200)],
  ],
  "GET /v1/tool-calls": [
    [() => ({ url: "/v1/tool-calls" }), all(200)],
    [() => ({ url: "/v1/tool-calls?persona=asker" }), all(200)],
    [({ session }) => ({ url: `/v1/tool-calls?conversation=${session}` }), all(200)],
    [({ turn }) => ({ url: `/v1/tool-calls?after=${turn}` }), all(200)],
  ],
  // The first answer counts: afterwards the call waits no more.
  "POST /v1/tool-calls/:id": [
    [({ call }) => ({ url: `/v1/tool-calls/${call}`, body: { result: "yes" } }), { ...all(404), owner: 204 }],
    [({ call }) => ({ url: `/v1/tool-calls/${call}`, body: { error: "no" } }), { ...all(404), owner: 204 }],
  ],
  "GET /v1/keys": [
    [() => ({ url: "/v1/keys" }), ruled(200, 200)],
    [({ key }) => ({ url: `/v1/keys?after=${key}` }), ruled(200, 200)],
  ],
  "POST /v1/keys": [[() => ({ url: "/v1/keys", body: { user: "olive", name: "another" } }), ruled(201, 201)]],
  // Last, because it takes the admin's own key away.
  "DELETE /v1/keys/:id": [[({ key }) => ({ url: `/v1/keys/${key}` }), ruled(200)]],
  "POST /v1/messages": [
    batch(({ room }) => ({ conversation_id: room }), owned(202)),
    batch(({ session }) => ({ conversation_id: session }), owned(202)),
    batch(({ persona }) => ({ persona }), shared(202)),
    batch(({ message }, own) => ({ conversation_id: own, reply_to: message }), all(422)),
    batch(() => ({ persona: "ada", from: "user:olive" }), asOlive(202)),
    batch(() => ({ persona: "ada", from: "persona:ada" }), notAsUser),
    batch(({ idempotencyKey }) => ({ persona: "ada", idempotency_key: idempotencyKey }), onceElsewhere),
  ],
  // What the stream says is looked at by itself.
  "GET /v1/events": [],
  "GET /v1/socket": [[() => ({ url: "/v1/socket" }), all(426)]],
  // Of what it hears nothing is kept, and nothing it says is anybody's.
  "GET /v1/voice/turns": [[() => ({ url: "/v1/voice/turns" }), all(426)]],
  ...Object.fromEntries(VOICE_PAGE.map((url) => [`GET ${url}`, [[() => ({ url }), open(200)]]] as const)),
  "GET /v1/status": [[() => ({ url: "/v1/status" }), all(200)]],
  "GET /v1/busiest": [[() => ({ url: "/v1/busiest" }), all(200)]],
  "GET /v1/spending": ["owner", "persona", "model", "fleet"].map((by) => [
    () => ({ url: `/v1/spending?by=${by}&from=0&to=9999999999999` }),
    all(200),
  ]),
  "GET /metrics": [[() => ({ url: "/metrics" }), { ...ruled(200, 200), service: 200 }]],
  "GET /": [[() => ({ url: "/" }), all(200)]],
  "GET /openapi.json": [[() => ({ url: "/openapi.json" }), open(200)]],
  "GET /livez": [[() => ({ url: "/livez" }), open(200)]],
  "GET /readyz": [[() => ({ url: "/readyz" }), open(200)]],
  "GET /docs": [[() => ({ url: "/docs" }), open(200)]],
  "GET /docs/": [[() => ({ url: "/docs/" }), open(200)]],
  "GET /docs/json": [[() => ({ url: "/docs/json" }), open(200)]],
  "GET /docs/yaml": [[() => ({ url: "/docs/yaml" }), open(200)]],
  "GET /docs/static/index.html": [[() => ({ url: "/docs/static/index.html" }), open(302)]],
  "GET /docs/static/swagger-initializer.js": [[() => ({ url: "/docs/static/swagger-initializer.js" }), open(200)]],
  "GET /docs/static/*": [[() => ({ url: "/docs/static/swagger-ui.css" }), open(200)]],
};

/** One of a batch; the others do not matter. */
function batch(entry: (ids: Ids, own: string) => object, results: Row): Entry {
  const request: Entry[0] = (ids, own) => ({
    url: "/v1/messages",
    body: { messages: [{ ...HELLO, ...entry(ids, own) }] },
  });
  return [request, all(200), results];
}

const ANY = { "if-match": "*" };

/** Entries are the tenant's: everybody in it reads them, administrators change them. */
function catalogueEntries(
  name: "personas" | "roles" | "sequences",
  idOf: (ids: Ids) => string,
  body: Readonly<Record<string, unknown>>,
): Readonly<Record<string, readonly Entry[]>> {
  const path = `/v1/${name}`;
  const one = (ids: Ids) => `${path}/${idOf(ids)}`;
  // What is there is replaced; abroad it is not there.
  const replacing = ruled(200, 412);
  const referring: readonly Entry[] =
    name !== "personas"
      ? []
      : [
          [({ role }) => ({ url: path, body: { ...body, id: "new", default_role: role } }), ruled(201, 422)],
          [
            ({ sequence }) => ({ url: path, body: { ...body, id: "new", default_sequence: sequence } }),
            ruled(201, 422),
          ],
          [() => ({ url: path, body: { ...body, id: "new", owner: "olive" } }), ruled(201, 201)],
        ];
  const replacements: readonly Entry[] = referring.map(([request]) => [
    (ids, own) => ({ url: one(ids), body: { ...request(ids, own).body, id: idOf(ids) }, headers: ANY }),
    replacing,
  ]);
  const changes: readonly Entry[] = referring.map(([request]) => [
    (ids, own) => {
      const { id: _, ...fields } = { ...request(ids, own).body } as Readonly<Record<string, unknown>>;
      return { url: one(ids), body: fields, headers: ANY };
    },
    ruled(200),
  ]);
  return {
    [`GET ${path}`]: [
      [() => ({ url: path }), all(200)],
      [(ids) => ({ url: `${path}?cursor=${Buffer.from(idOf(ids)).toString("base64url")}` }), all(200)],
      [() => ({ url: `${path}?deleted=true` }), all(200)],
    ],
    [`POST ${path}`]: [
      [() => ({ url: path, body: { ...body, id: "new" } }), ruled(201, 201)],
      [(ids) => ({ url: path, body: { ...body, id: idOf(ids) } }), ruled(409, 201)],
      ...referring,
    ],
    [`GET ${path}/:id`]: [
      [(ids) => ({ url: one(ids) }), shared(200)],
      [(ids) => ({ url: one(ids), headers: { "if-none-match": "*" } }), shared(304)],
    ],
    [`PUT ${path}/:id`]: [
      [(ids) => ({ url: one(ids), body, headers: ANY }), replacing],
      [(ids) => ({ url: one(ids), body: { ...body, id: idOf(ids) }, headers: ANY }), replacing],
      [(ids) => ({ url: one(ids), body, headers: { "if-none-match": "*" } }), ruled(412, 201)],
      ...replacements,
    ],
    [`PATCH ${path}/:id`]: [
      [(ids) => ({ url: one(ids), body, headers: ANY }), ruled(200)],
      [(ids) => ({ url: one(ids), body: { id: idOf(ids) }, headers: ANY }), ruled(200)],
      ...changes,
    ],
    [`DELETE ${path}/:id`]: [
      [(ids) => ({ url: `${one(ids)}?force=true` }), ruled(204)],
      [(ids) => ({ url: one(ids), headers: ANY }), ruled(name === "personas" ? 204 : 409)],
    ],
    [`POST ${path}/:id/reset`]: [
      [(ids) => ({ url: `${one(ids)}/reset?force=true` }), ruled(204)],
      [(ids) => ({ url: `${one(ids)}/reset`, headers: ANY }), ruled(name === "personas" ? 204 : 409)],
    ],
  };
}

const FILTERS: readonly ((ids: Ids) => string)[] = [
  () => "",
  () => "?after=0",
  ({ room }) => `?after=0&conversation=${room}`,
  ({ session }) => `?conversation=${session}`,
  ({ persona }) => `?after=0&persona=${persona}`,
  () => "?after=0&persona=ada",
];

/** Every way to ask for events. */
export const STREAMS: Readonly<Record<string, readonly ((ids: Ids) => Ask)[]>> = {
  "GET /v1/events": [
    ...FILTERS.map((filter) => (ids: Ids) => ({ url: `/v1/events${filter(ids)}` })),
    () => ({ url: "/v1/events", headers: { "last-event-id": "0" } }),
  ],
  "GET /v1/socket": FILTERS.map((filter) => (ids: Ids) => ({ url: `/v1/socket${filter(ids)}` })),
};

/** Inputs that name nothing: whatever they say, they lead nowhere. */
export const PLAIN: ReadonlySet<string> = new Set([
  ...["text", "lane", "priority", "urgent", "expires_in_ms", "merge_key", "coalesce", "similarity"],
  ...["name", "instructions", "model", "settings", "sleep", "limit", "wait", "mode", "by", "offset"],
  "traceparent",
  // Of a session's sequence.
  "step",
  // Of a new key: the tenant is the caller's.
  ...["user", "role", "tier", "expires_at"],
  // Of entries: what they are, and the server's own.
  ...[personaSchema, roleSchema, sequenceSchema].flatMap(({ shape }) =>
    Object.keys(shape).filter((field) => !["id", "owner", "default_role", "default_sequence"].includes(field)),
  ),
  ...Object.keys(sequenceSchema.shape.steps.element.shape),
  ...PLAIN_OF_MAPPERS,
  ...PLAIN_OF_MINDS,
  ...PLAIN_OF_NARRATIVES,
  ...["user_message", "persona_response", "context", "quality_score", "force"],
]);
