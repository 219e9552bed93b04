/** The entries of what is told of persons, and of their erasure. */
import type { Entry, Row } from "./entries.ts";
import type { Ids } from "./world.ts";

const OLIVE = "user:olive";

export function narrativeEntries({ all }: { all(status: number): Row }): Readonly<Record<string, readonly Entry[]>> {
  /** Abroad there is an Olive, too. */
  const ofOlive = (status: number): Row => ({ ...all(status), other: 404 });
  /** What names the owner's narrative: to the owner, and to those of the tenant who say whose it is. */
  const known = ({ narrative }: Ids) => `/v1/narratives?person_id=${OLIVE}&after=${narrative}`;
  return {
    "POST /v1/narratives": [
      [() => ({ url: "/v1/narratives", body: { text: "new", type: "curation", metadata: {} } }), all(201)],
      [() => ({ url: "/v1/narratives", body: { text: "new", person_id: OLIVE } }), ofOlive(201)],
    ],
    "GET /v1/narratives": [
      [() => ({ url: "/v1/narratives?type=curation" }), all(200)],
      [() => ({ url: `/v1/narratives?person_id=${OLIVE}` }), ofOlive(200)],
      [(ids) => ({ url: known(ids) }), { ...ofOlive(422), owner: 200, service: 200, admin: 200 }],
      [({ narrative }) => ({ url: `/v1/narratives?after=${narrative}` }), { ...all(422), owner: 200 }],
    ],
    "GET /v1/narratives/search": [
      [() => ({ url: "/v1/narratives/search?query=canary" }), all(200)],
      [() => ({ url: `/v1/narratives/search?query=canary&person_id=${OLIVE}&type=curation` }), ofOlive(200)],
    ],
    "DELETE /v1/persons/:id": [[() => ({ url: `/v1/persons/${OLIVE}` }), ofOlive(200)]],
  };
}

/** Inputs that name nothing. */
export const PLAIN_OF_NARRATIVES = ["type", "metadata", "query"];
