/** The options that the library takes, checked by the schemas of those who take them. */
import * as z from "zod";
import type { modelsSchema, providersSchema } from "../ai/options.ts";
import type { authOptionsSchema } from "../http/auth-options.ts";
import type { limitOptionsSchema } from "../http/limits.ts";
import type { collectorOptionsSchema } from "../telemetry/collector.ts";
import type { RuntimeOptions } from "../types.ts";
import { type KeyNode, type KeyPath, ROOT } from "./keys.ts";
import type { Config } from "./schema.ts";

export interface LibraryOptions {
  readonly auth: z.input<typeof authOptionsSchema>;
  readonly limits: z.input<typeof limitOptionsSchema>;
  /** Undefined if there are none. */
  readonly providers: z.input<typeof providersSchema> | undefined;
  readonly models: z.input<typeof modelsSchema>;
  /** Undefined without a collector. */
  readonly telemetry: (z.input<typeof collectorOptionsSchema> & { readonly captureContent?: boolean }) | undefined;
  readonly prices: NonNullable<RuntimeOptions["prices"]>;
  readonly budgets: NonNullable<RuntimeOptions["budgets"]>;
}

/** Loaded only now: what some of them stand on is large, and most commands need none of it. */
const SCHEMAS: { readonly [Table in keyof LibraryOptions]: () => Promise<z.ZodType> } = {
  auth: async () => (await import("../http/auth-options.ts")).authOptionsSchema,
  limits: async () => (await import("../http/limits.ts")).limitOptionsSchema,
  providers: async () => (await import("../ai/options.ts")).providersSchema,
  models: async () => (await import("../ai/options.ts")).modelsSchema,
  telemetry: async () =>
    (await import("../telemetry/collector.ts")).collectorOptionsSchema.extend({
      captureContent: z.boolean().optional(),
    }),
  prices: async () => (await import("../cognition/budgets/settings.ts")).pricesSchema,
  budgets: async () => (await import("../cognition/budgets/settings.ts")).budgetsSchema,
};

/** Tables that mean nothing when nothing stands in them. */
const MAY_BE_NONE = ["providers", "telemetry"];

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
    const node = childOf(ROOT, table);
    const value = inLibraryShape(node, config[table as keyof Config]);
    if (MAY_BE_NONE.includes(table) && Object.keys(value as object).length === 0) {
      options[table] = undefined;
      continue;
    }
    const result = (await schema()).safeParse(value);
    if (result.success) options[table] = value;
    else
      for (const issue of result.error.issues.flatMap(meant))
        issues.push({ path: [table, ...keyPath(node, issue.path)], issue });
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
function inLibraryShape(node: KeyNode | undefined, value: unknown): unknown {
  if (node === undefined || node.kind === "value" || value === undefined) return value;
  const entries = Object.entries(value as object).map(([name, inner]) => {
    const child = childOf(node, name);
    return [node.kind === "named" ? name : nameInLibrary(name, child), inLibraryShape(child, inner)];
  });
  return Object.fromEntries(entries);
}

function nameInLibrary(name: string, node: KeyNode | undefined): string {
  const own = node?.kind === "value" ? node.about.library : undefined;
  return own ?? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function childOf(node: KeyNode | undefined, name: string): KeyNode | undefined {
  if (node?.kind === "named") return node.child;
  return node?.kind === "table" ? node.children.get(name) : undefined;
}

/** The way back, as far as the path names keys: not into the elements of a list. */
function keyPath(node: KeyNode | undefined, [step, ...rest]: readonly PropertyKey[]): KeyPath {
  if (step === undefined || typeof step === "number") return [];
  const names =
    node?.kind === "table"
      ? [...node.children].find(([name, child]) => nameInLibrary(name, child) === step)
      : undefined;
  const name = names?.[0] ?? String(step);
  return [name, ...keyPath(childOf(node, name), rest)];
}
