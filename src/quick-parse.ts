/**
 * The short way through a schema: what is right is parsed without all that zod does in case it is wrong. It knows the
 * plain kinds of which the bodies of frequent requests are made, and leaves what is special, and every fault, to zod.
 */
import * as z from "zod";

/** Not what the schema says, or not sure to be: ask the schema itself, which can say why. */
export const UNSURE = Symbol("unsure");

/** No input of this schema, for certain. */
const WRONG = Symbol("wrong");

type Quick = (value: unknown) => unknown;

/** Gives what `schema.parse` would give, or `UNSURE`. */
export function quickParse<Schema extends z.ZodType>(
  schema: Schema,
): (input: unknown) => z.output<Schema> | typeof UNSURE {
  const quick = quickOf(schema);
  return (input) => {
    const parsed = quick(input);
    return parsed === WRONG ? UNSURE : (parsed as z.output<Schema>);
  };
}

function quickOf(schema: z.core.$ZodType): Quick {
  if (schema instanceof z.ZodString && !schema.def.coerce) return checked(schema, (value) => typeof value === "string");
  if (schema instanceof z.ZodBoolean && !schema.def.coerce) return checked(schema, (value) => value === Boolean(value));
  if (schema instanceof z.ZodEnum) {
    const values = new Set<unknown>(schema.options);
    return checked(schema, (value) => values.has(value));
  }
  if (schema instanceof z.ZodOptional) return unlessMissing(schema.unwrap(), undefined);
  if (schema instanceof z.ZodDefault) {
    const { defaultValue } = schema.def;
    // One that is an object is another object each time.
    if (typeof defaultValue !== "object") return unlessMissing(schema.unwrap(), defaultValue);
  }
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodXor)) return unionOf(schema);
  if (schema instanceof z.ZodPipe && isSimple(schema.out)) return transformed(schema.in, schema.out);
  if (schema instanceof z.ZodArray) return listOf(schema);
  if (schema instanceof z.ZodObject) return objectOf(schema);
  return (value) => {
    const result = schema._zod.run({ value, issues: [] }, { async: false });
    if (result instanceof Promise) return UNSURE;
    return result.issues.length === 0 ? result.value : WRONG;
  };
}

function unlessMissing(inner: z.core.$ZodType, instead: unknown): Quick {
  const quick = quickOf(inner);
  return (value) => (value === undefined ? instead : quick(value));
}

/** One that looks at the value only: what takes a context can find faults. */
function isSimple(schema: z.core.$ZodType): schema is z.ZodTransform {
  return schema instanceof z.ZodTransform && schema.def.transform.length < 2;
}

function transformed(inner: z.core.$ZodType, { def }: z.ZodTransform): Quick {
  const quick = quickOf(inner);
  const transform = def.transform as (value: unknown) => unknown;
  return (value) => {
    const parsed = quick(value);
    if (parsed === UNSURE || parsed === WRONG) return parsed;
    const made = transform(parsed);
    return made instanceof Promise ? UNSURE : made;
  };
}

/** The first that takes the value, as long as those before certainly do not. */
function unionOf({ options }: z.ZodUnion): Quick {
  const all = options.map(quickOf);
  return (value) => {
    for (const quick of all) {
      const parsed = quick(value);
      if (parsed !== WRONG) return parsed;
    }
    return WRONG;
  };
}

function listOf(schema: z.ZodArray): Quick {
  const quick = quickOf(schema.element);
  const check = checked(schema, Array.isArray);
  return (value) => {
    if (!Array.isArray(value)) return WRONG;
    const values: unknown[] = [];
    for (const one of value) {
      const parsed = quick(one);
      if (parsed === UNSURE || parsed === WRONG) return parsed;
      values.push(parsed);
    }
    return check(values);
  };
}

function objectOf(schema: z.ZodObject): Quick {
  const fields = Object.entries(schema.shape).map(([name, field]) => {
    const isExact = field instanceof z.ZodExactOptional;
    const isNeeded = field._zod.optin === undefined;
    return { name, isExact, isNeeded, quick: quickOf(isExact ? field.unwrap() : field) };
  });
  const { catchall } = schema.def;
  const isStrict = catchall instanceof z.ZodNever;
  if (catchall !== undefined && !isStrict) return () => UNSURE;
  const known = new Set(Object.keys(schema.shape));
  const check = checked(schema, () => true);
  return (value) => {
    if (typeof value !== "object" || value === null) return WRONG;
    if (!isPlain(value)) return UNSURE;
    if (isStrict) for (const name in value) if (!known.has(name)) return WRONG;
    const parsed: Record<string, unknown> = {};
    for (const { name, isExact, isNeeded, quick } of fields) {
      const field = value[name];
      if (field === undefined && (isExact || isNeeded) && !(name in value)) {
        if (isNeeded) return UNSURE;
        continue;
      }
      const own = quick(field);
      if (own === UNSURE || own === WRONG) return own;
      if (own !== undefined) parsed[name] = own;
    }
    return check(parsed);
  };
}

/** As `JSON.parse`, a literal or a parser of queries makes it: no property of it is anything but data. */
function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Runs what was added with `.min()`, `.refine()` and their like, which may change the value. */
function checked(schema: z.core.$ZodType, fits: (value: unknown) => boolean): Quick {
  const checks = schema._zod.def.checks ?? [];
  if (checks.length === 0) return (value) => (fits(value) ? value : WRONG);
  return (value) => {
    if (!fits(value)) return WRONG;
    const payload = { value, issues: [] };
    for (const { _zod } of checks) {
      if (_zod.check(payload as unknown as z.core.ParsePayload<never>) !== undefined) return UNSURE;
      if (payload.issues.length > 0) return WRONG;
    }
    return payload.value;
  };
}
