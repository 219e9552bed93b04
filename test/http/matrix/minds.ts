/** The entries of what is observed and known of persons, and of what they say of suggestions. */
import type { Entry, Rows } from "./entries.ts";

const OLIVE = "user:olive";
const ANY = { "if-match": "*" };
const NONE = { "if-none-match": "*" };
const HELPFUL = { helpful: true, rating: 5, context: {} };

const observed = (id: string, more: object = {}) => ({
  ...{ id, type: "diary", content: {}, metadata: {}, observed_at: "2026-01-01T00:00:00Z" },
  ...more,
});

export function mindEntries({ all, owned, shared }: Rows): Readonly<Record<string, readonly Entry[]>> {
  /** Of the tenant's own people everybody may ask, of the owner not just anybody. Abroad there is an Olive, too. */
  const ofOlive = (status: number) => ({ ...all(status), other: 404 });
  /** What the owner has done is done when services and administrators do it again. */
  const once = (first: number, again: number) => ({ ...owned(again), owner: first });
  const mine = `/v1/mindscapes/${OLIVE}`;
  const patch = { traits: { mood: { value: "fine" } }, reason: "so it is" };
  const feedback = (url: string): readonly Entry[] => [
    [({ suggestion }) => ({ url, body: { id: "f", suggestion_id: suggestion, ...HELPFUL } }), once(201, 200)],
    [({ core }) => ({ url, body: { id: "f", core_id: core, rule_id: "one", ...HELPFUL } }), once(201, 200)],
    [
      ({ mapper }) => ({ url, body: { id: "f", mapper_id: mapper, suggestion_type: "focus", ...HELPFUL } }),
      shared(201),
    ],
    [
      ({ mapper }) => ({
        url,
        body: { id: "f", person_id: OLIVE, mapper_id: mapper, suggestion_type: "focus", ...HELPFUL },
      }),
      once(201, 200),
    ],
  ];
  return {
    "POST /v1/observations": [
      [() => ({ url: "/v1/observations", body: observed("new") }), all(201)],
      [() => ({ url: "/v1/observations", body: { observations: [observed("new")] } }), all(201)],
      [
        () => ({ url: "/v1/observations", body: observed("new", { person_id: OLIVE }) }),
        { ...ofOlive(200), foreigner: 201, owner: 201 },
      ],
      [
        ({ observation }) => ({ url: "/v1/observations", body: observed(observation, { person_id: OLIVE }) }),
        { ...ofOlive(409), foreigner: 201, foreignAdmin: 200 },
      ],
    ],
    "GET /v1/observations": [
      [() => ({ url: "/v1/observations?type=diary&from=0&to=9999999999999" }), all(200)],
      [() => ({ url: `/v1/observations?person_id=${OLIVE}` }), ofOlive(200)],
      [({ observation }) => ({ url: `/v1/observations?after=${observation}` }), { ...all(422), owner: 200 }],
    ],
    "GET /v1/mindscapes/:person": [
      [() => ({ url: mine }), owned(200)],
      [() => ({ url: mine, headers: NONE }), owned(304)],
    ],
    "GET /v1/mindscapes/:person/history": [[() => ({ url: `${mine}/history?before=9` }), owned(200)]],
    "PATCH /v1/mindscapes/:person": [
      [() => ({ url: mine, body: patch, headers: ANY }), owned(200)],
      [() => ({ url: mine, body: patch, headers: NONE }), { ...ofOlive(412), foreigner: 201 }],
    ],
    "POST /v1/feedback": feedback("/v1/feedback"),
    "POST /feedback": feedback("/feedback"),
    "GET /v1/feedback/analytics": [
      [() => ({ url: "/v1/feedback/analytics?days=1&rule_id=one" }), all(200)],
      [({ mapper }) => ({ url: `/v1/feedback/analytics?mapper_id=${mapper}` }), all(200)],
      [() => ({ url: `/v1/feedback/analytics?person_id=${OLIVE}` }), ofOlive(200)],
    ],
  };
}

/** Inputs that name nothing. */
export const PLAIN_OF_MINDS = [
  ...["type", "content", "metadata", "observed_at", "from", "to", "traits", "reason", "before", "days"],
  ...["suggestion_type", "rule_id", "helpful", "rating"],
];
