/** The entries of mappers and what they make of persons: under `/v1`, and the same at the root. */
import type { Entry, Rows } from "./entries.ts";
import type { Ids } from "./world.ts";

/** One rule; the author's words are nobody's who is abroad. */
export const mapperDocument = (id: string, version = "1.0.0") => ({
  metadata: { id, version, description: "canary-prompt" },
  required_traits: ["mood"],
  trait_mappings: { focus: ["mood"] },
  rules: [
    {
      id: "one",
      conditions: { trait_check: { path: "mood", operator: "exists" } },
      actions: [{ generate_suggestion: { type: "focus", template: "t" } }],
    },
  ],
  templates: { t: { title: "canary-prompt", description: "Said" } },
  feedback_settings: { negative_threshold: 3 },
});

const ANY = { "if-match": "*" };

export function mapperEntries(rows: Rows): Readonly<Record<string, readonly Entry[]>> {
  return { ...under("/v1", rows), ...under("", rows) };
}

function under(prefix: string, { all, owned, shared, ruled }: Rows): Readonly<Record<string, readonly Entry[]>> {
  const path = `${prefix}/mappers`;
  const one = ({ mapper }: Ids) => `${path}/${mapper}`;
  const mapped = (ids: Ids, more = "") => `${prefix}/map-persona?personaId=ida&mapperId=${ids.mapper}${more}`;
  return {
    [`GET ${prefix}/map-persona`]: [
      [
        (ids) => ({ url: mapped(ids, "&detailLevel=balanced&whenStale=serve&explain=true&context=%7B%7D") }),
        shared(200),
      ],
      [({ entry, mapper }) => ({ url: `${prefix}/map-persona?personaId=${entry}&mapperId=${mapper}` }), shared(200)],
      [(ids) => ({ url: mapped(ids, "&personId=user:olive") }), owned(200)],
      [
        ({ mapper }) => ({ url: `${prefix}/map-persona?persona_id=ida&mapper_id=${mapper}&person_id=user:olive` }),
        owned(200),
      ],
    ],
    [`GET ${path}`]: [
      [() => ({ url: path }), all(200)],
      [() => ({ url: `${path}?trait=mood&active=true` }), all(200)],
      [({ mapper }) => ({ url: `${path}?cursor=${Buffer.from(mapper).toString("base64url")}` }), all(200)],
    ],
    [`POST ${path}`]: [
      [() => ({ url: `${path}?activate=true`, body: mapperDocument("new") }), ruled(201, 201)],
      [({ mapper }) => ({ url: path, body: mapperDocument(mapper) }), ruled(409, 201)],
    ],
    [`GET ${path}/:id`]: [
      [(ids) => ({ url: one(ids) }), shared(200)],
      [(ids) => ({ url: `${one(ids)}?version=1` }), shared(200)],
      [(ids) => ({ url: one(ids), headers: { "if-none-match": "*" } }), shared(304)],
    ],
    [`PUT ${path}/:id`]: [
      [(ids) => ({ url: one(ids), body: mapperDocument(ids.mapper, "1.1.0"), headers: ANY }), ruled(201, 412)],
      [
        (ids) => ({
          url: `${one(ids)}?activate=true`,
          body: mapperDocument(ids.mapper),
          headers: { "if-none-match": "*" },
        }),
        ruled(412, 201),
      ],
    ],
    [`GET ${path}/:id/versions`]: [
      [(ids) => ({ url: `${one(ids)}/versions` }), shared(200)],
      [(ids) => ({ url: `${one(ids)}/versions?before=2` }), shared(200)],
    ],
    [`POST ${path}/:id/versions/:version/activate`]: [
      [(ids) => ({ url: `${one(ids)}/versions/1/activate` }), ruled(200)],
    ],
    [`POST ${path}/:id/publish`]: [[(ids) => ({ url: `${one(ids)}/publish?activate=true` }), ruled(200)]],
    [`GET ${path}/:id/weights`]: [[(ids) => ({ url: `${one(ids)}/weights` }), { ...ruled(200), service: 200 }]],
    [`GET ${path}/:id/weights/log`]: [
      [(ids) => ({ url: `${one(ids)}/weights/log?rule_id=one` }), { ...ruled(200), service: 200 }],
      [(ids) => ({ url: `${one(ids)}/weights/log?before=zzz&limit=1` }), { ...ruled(200), service: 200 }],
    ],
    [`POST ${path}/:id/simulate`]: [
      [(ids) => ({ url: `${one(ids)}/simulate`, body: {} }), { ...ruled(200), service: 200 }],
      [(ids) => ({ url: `${one(ids)}/simulate`, body: { person_id: "user:olive" } }), { ...ruled(200), service: 200 }],
    ],
  };
}

/** Inputs that name nothing. */
export const PLAIN_OF_MAPPERS = [
  ...["detail_level", "when_stale"],
  ...["version", "traits", "time_zone", "context", "scores", "at", "rules", "before"],
  ...["metadata", "required_traits", "trait_mappings", "templates", "feedback_settings"],
];
