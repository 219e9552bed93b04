/** `persona-runtime enroll`: personas of a file, into a running server. */
import { inWireNames } from "../http/wire/names.ts";
import type { PersonaDefinition } from "../types.ts";
import { eachAtOnce } from "./at-once.ts";
import { Client, type ClientOptions, Refusal } from "./client.ts";
import { readPersonas } from "./persona-file.ts";

/** Sends nothing unless the whole file is valid. Those that are there already are changed, and keep their inboxes. */
export async function enrollCommand(file: string, options: ClientOptions): Promise<void> {
  const personas = await readPersonas(file);
  const client = new Client(options);
  const enrolled: string[] = [];
  const changed: string[] = [];
  try {
    await eachAtOnce(personas, async (persona) => {
      const body = bodyOf(persona);
      const { status } = await client.exchange("PUT", `/v1/enrollments/${persona.id}`, { body }).catch((error) => {
        throw error instanceof Refusal ? error.about(persona.id) : error;
      });
      (status === 201 ? enrolled : changed).push(persona.id);
    });
  } finally {
    if (options.json === true) console.log(JSON.stringify({ enrolled, changed }));
    else console.log(`${enrolled.length} enrolled, ${changed.length} changed, of ${personas.length}.`);
  }
}

function bodyOf({ name, instructions, model, mapperId, settings = {} }: PersonaDefinition): object {
  return { name, instructions, model, mapper_id: mapperId, settings: inWireNames(settings) };
}
