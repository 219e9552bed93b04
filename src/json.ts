/** JSON with the place of everything in it, so that a fault can name it. */
import { type DocumentNode, parse, type ValueNode } from "@humanwhocodes/momoa";
import type { Place, TomlPath } from "./toml.ts";

export interface JsonDocument {
  /** Objects have no prototype, so that no name in them means anything to JavaScript. */
  readonly value: unknown;
  /** Where a value stands, or what it would stand in. */
  placeOf(path: TomlPath): Place;
}

/** Why and where a text is no JSON. */
export class JsonFault extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

/** Throws a `JsonFault`, also for a name that an object has twice. */
export function readJson(text: string): JsonDocument {
  const places = new Map<string, Place>();
  const value = contentOf(parsed(text.replace(/^\uFEFF/, "")).body, "", places);
  return {
    value,
    placeOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const place = places.get(path.slice(0, length).map(asStep).join(""));
        if (place !== undefined) return place;
      }
      return { line: 1, column: 1 };
    },
  };
}

function parsed(text: string): DocumentNode {
  try {
    return parse(text, { mode: "json" });
  } catch (error) {
    const { line = 1, column = 1, message } = error as Error & Partial<Place>;
    const reason = error instanceof RangeError ? "it is nested too deeply" : message.replace(/\.?\s*\(\d+:\d+\)$/, "");
    throw new JsonFault(reason, { line, column });
  }
}

const asStep = (step: string | number) => `/${JSON.stringify(step)}`;

function contentOf(node: ValueNode, path: string, places: Map<string, Place>): unknown {
  const { line, column } = node.loc.start;
  if (!places.has(path)) places.set(path, { line, column });
  if (node.type === "Array") return node.elements.map(({ value }, at) => contentOf(value, path + asStep(at), places));
  if (node.type === "Object") {
    const table: Record<string, unknown> = Object.create(null);
    for (const { name, value } of node.members) {
      const key = name.type === "String" ? name.value : name.name;
      const at = path + asStep(key);
      const { line, column } = name.loc.start;
      if (places.has(at)) throw new JsonFault(`the name ${JSON.stringify(key)} stands here twice`, { line, column });
      places.set(at, { line, column });
      table[key] = contentOf(value, at, places);
    }
    return table;
  }
  return node.type === "Null" ? null : "value" in node ? node.value : Number.NaN;
}
