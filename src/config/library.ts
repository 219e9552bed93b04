/** The options that the library takes, checked by the schemas of those who take them. */
import type * as z from "zod";
import type { authOptionsSchema } from "../http/authenticate.ts";
import type { limitOptionsSchema } from "../http/limits.ts";
import { wireName } from "../http/wire/names.ts";
import { type KeyNode, type KeyPath, ROOT } from "./keys.ts";
import type { Config } from "./schema.ts";

export interface LibraryOptions {
  readonly auth: z.output<typeof authOptionsSchema>;
  readonly limits: z.output<typeof limitOptionsSchema>;
}

/** Loaded only now: what some of them stand on is large, and most commands need none of it. */
const SCHEMAS: { readonly [Table in keyof LibraryOptions]: () => Promise<z.ZodType<LibraryOptions[Table]>> } = {
  auth: async () => (await import("../http/authenticate.ts")).authOptionsSchema,
  limits: async () => (await import("../http/limits.ts")).limitOptionsSchema,
};

/** A fault as a schema of the library found it, at the key that it is about. */
export interface LibraryIssue {
  readonly path: KeyPath;
  readonly issue: z.core.$ZodIssue;
}

/** The options of all tables, or what is wrong with them. */
export async function libraryOptions(config: Config): Promise<LibraryOptions | readonly LibraryIssue[]> {
  const options: Record<string, unknown> = {};
  const issues: LibraryIssue[] = [];
  for (const [table, schema] of Object.entries(SCHEMAS)) {
    const result = (await schema()).safeParse(inLibraryShape(childOf(ROOT, table), config[table as keyof Config]));
    if (result.success) options[table] = result.data;
    else
      for (const issue of result.error.issues.flatMap(meant))
        issues.push({ path: [table, ...keyPath(issue.path)], issue });
  }
  return issues.length > 0 ? issues : (options as unknown as LibraryOptions);
}

/** Of alternatives of which none fits, the one that has the right shape tells more than that none fits. */
function meant(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const alternative = issue.errors.find((inner) => inner.length > 0 && inner.every(({ code }) => code === "custom"));
  return alternative?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

/** `jwks_url` becomes `jwksUrl`; names that the user has chosen stay. */
export function inLibraryShape(node: KeyNode | undefined, value: unknown): unknown {
  if (node === undefined || node.kind === "value" || value === undefined) return value;
  const entries = Object.entries(value as object).map(([name, inner]) => {
    const here = node.kind === "named" ? name : name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [here, inLibraryShape(childOf(node, name), inner)];
  });
  return Object.fromEntries(entries);
}

function childOf(node: KeyNode, name: string): KeyNode | undefined {
  if (node.kind === "named") return node.child;
  return node.kind === "table" ? node.children.get(name) : undefined;
}

/** The way back, as far as the path names keys: not into the elements of a list. */
function keyPath(path: readonly PropertyKey[]): KeyPath {
  const end = path.findIndex((step) => typeof step === "number");
  return path.slice(0, end === -1 ? undefined : end).map((step) => wireName(String(step)));
}
