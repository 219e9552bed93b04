/** `persona-runtime status`: the fleet or one persona, as the server sees it. */
import { Client, type ClientOptions } from "./client.ts";
import { shortened } from "./terminal.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Prints every field, whatever a server of another version may have. */
export async function statusCommand(persona: string | undefined, options: ClientOptions): Promise<void> {
  const client = new Client(options);
  const status = await (persona === undefined ? ofFleet(client) : ofPersona(client, persona));
  console.log(options.json === true ? JSON.stringify(status) : table(status));
}

async function ofFleet(client: Client): Promise<Fields> {
  const [{ ready, checks }, fleet] = await Promise.all([
    client.call<{ ready: boolean; checks: Fields }>("GET", "/readyz"),
    client.call<Fields>("GET", "/v1/status"),
  ]);
  return { ready, checks, ...fleet };
}

async function ofPersona(client: Client, id: string): Promise<Fields> {
  const path = `/v1/enrollments/${encodeURIComponent(id)}`;
  const [status, { conversations }] = await Promise.all([
    client.call<Fields>("GET", path),
    client.call<{ conversations: unknown }>("GET", `${path}/why`),
  ]);
  return { ...status, conversations };
}

/** One line for each field; what is inside of a field is named `lanes.chat`. */
function table(fields: Fields): string {
  const rows = rowsOf(fields, "");
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function rowsOf(value: unknown, name: string): (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [[name, shown(name, value)]];
  const inner = Object.entries(value);
  if (inner.length === 0) return name === "" ? [] : [[name, "none"]];
  return inner.flatMap(([key, part]) => rowsOf(part, name === "" ? key : `${name}.${key}`));
}

/** Texts in one line of a terminal, without what a terminal would obey; times in words. */
function shown(name: string, value: unknown): string {
  if (typeof value === "number" && /(?:^|_|\.)(?:at|since|until)$/.test(name)) return new Date(value).toISOString();
  if (typeof value !== "string") return String(value);
  const line = JSON.stringify(value).slice(1, -1);
  return shortened(line, 100);
}
