/** Mappers as they are shown: documents, in wire names everywhere. */
import * as z from "zod";
import { wire } from "../wire.ts";

const MAPPER_STATUSES = ["draft", "active", "deprecated"] as const;

const head = {
  id: z.string().register(wire, { description: "`metadata.id` of the document" }),
  version: z.int().register(wire, { description: "Counts the versions of this id from 1 on; a version never changes" }),
  newest_version: z.int().register(wire, { description: "The newest version of this id" }),
  semver: z.string().register(wire, { description: "`metadata.version` of the document" }),
  status: z.enum(MAPPER_STATUSES).register(wire, { description: "At most one version of an id is active" }),
  created_by: z.string().register(wire, { description: "Who made this version" }),
  created_at: z.int().register(wire, { description: "Milliseconds since 1970" }),
};

export const mapperHeadSchema = z
  .object(head)
  .register(wire, { id: "MapperHead", description: "A version of a mapper, without its document" });

export const mapperSchema = z
  .object({ ...head, document: z.looseObject({}).register(wire, { description: "What was sent, as JSON" }) })
  .register(wire, { id: "Mapper", description: "A version of a mapper" });

export type MapperHead = Readonly<z.output<typeof mapperHeadSchema>>;
export type Mapper = Readonly<z.output<typeof mapperSchema>>;
