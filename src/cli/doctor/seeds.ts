/** Whether the seed file of the catalogue can be read, and what of it would be left out. */
import { readCatalogueFile } from "../../catalogue/file.ts";
import { createCatalogue } from "../../catalogue/registry.ts";
import { systemClock } from "../../clock.ts";
import type { Config } from "../../config/schema.ts";
import { counted } from "../../counted.ts";
import { PersonaError } from "../../errors.ts";
import { type Finding, failure, ok, warning } from "./finding.ts";

export async function seeds({ seeds: file, built_in: builtIn }: Config["catalogue"]): Promise<readonly Finding[]> {
  if (file === undefined) return [];
  try {
    const read = await readCatalogueFile(file);
    const { notes } = await createCatalogue({ clock: systemClock(), seeds: read, builtIn });
    if (notes.length === 0)
      return [ok("seeds", `${file} has ${counted(read.entries.length, "entry", "entries")}, and no fault`)];
    const advice = `\`persona-runtime catalogue validate ${file}\` names them with their lines; without them the rest is served.`;
    return [warning("seeds", `${file} has ${counted(notes.length, "fault")}`, advice)];
  } catch (error) {
    if (!(error instanceof PersonaError)) throw error;
    return [
      failure("seeds", error.message, "Mend the file, or name another one with --seeds: no server starts with it."),
    ];
  }
}
