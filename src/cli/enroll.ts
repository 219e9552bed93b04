/** `persona-runtime enroll`: personas of a file, into a running server. */
import { inWireNames } from "../http/wire/names.ts";
import type { PersonaDefinition } from "../types.ts";
import { Client, type ClientOptions, Refusal } from "./client.ts";
import { readPersonas } from "./persona-file.ts";

/** Requests at once: enough to fill the server's group commits. */
const AT_ONCE = 32;

/** Sends nothing unless the whole file is valid. Those that are there already are changed, and keep their inboxes. */
export async function enrollCommand(file: string, options: ClientOptions): Promise<void> {
  const personas = await readPersonas(file);
  const client = new Client(options);
  // All of them take from one iterator.
  const waiting = personas.values();
  const enrolled: string[] = [];
  const changed: string[] = [];
  const failures: unknown[] = [];
  const work = async () => {
    for (const persona of waiting) {
      if (failures.length > 0) return;
      try {
        const { status } = await client.exchange("PUT", `/v1/enrollments/${persona.id}`, { body: bodyOf(persona) });
        (status === 201 ? enrolled : changed).push(persona.id);
      } catch (error) {
        failures.push(error instanceof Refusal ? error.about(persona.id) : error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (options.json === true) console.log(JSON.stringify({ enrolled, changed }));
  else console.log(`${enrolled.length} enrolled, ${changed.length} changed, of ${personas.length}.`);
  if (failures.length > 0) throw failures[0];
}

function bodyOf({ name, instructions, model, settings = {} }: PersonaDefinition): object {
  return { name, instructions, model, settings: inWireNames(settings) };
}
