/** The extractors that a runtime has: its own and the host's. */
import * as z from "zod";
import type { Extractor } from "./extractor.ts";
import { meeting } from "./meeting.ts";
import { energyCheck, wizard } from "./user-input.ts";
import { whereabouts } from "./whereabouts.ts";
import { workSession } from "./work-session.ts";

const OWN: readonly Extractor[] = [whereabouts, workSession, meeting, wizard, energyCheck];

/** What a host may give; a name of ours is taken. */
export const extractorsSchema = z
  .array(
    z.object({
      name: z.string().regex(/^[a-z0-9_]{1,64}$/, "must be 1 to 64 lower-case letters, digits or '_'"),
      version: z.int().min(1),
      types: z.array(z.string().min(1)).min(1),
      extract: z.custom<Extractor["extract"]>((value) => typeof value === "function", "must be a function"),
    }),
  )
  .superRefine((extractors, { addIssue }) => {
    const names = new Set(OWN.map(({ name }) => name));
    for (const [at, { name }] of extractors.entries()) {
      if (names.has(name))
        addIssue({ code: "custom", path: [at, "name"], message: "is the name of another extractor" });
      names.add(name);
    }
  });

/** Those that read a type of observation (`*`: every type), in the order in which they were registered. */
export class Extractors {
  readonly #all: readonly Extractor[];

  /** In addition to its own. */
  constructor(more: readonly Extractor[] = []) {
    this.#all = [...OWN, ...more];
  }

  of(type: string): readonly Extractor[] {
    return this.#all.filter(({ types }) => types.includes(type) || types.includes("*"));
  }
}
