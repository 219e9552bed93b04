/** A server whose catalogue a test fills, and the least of each kind of entry. */
import { ManualClock } from "../../src/clock.ts";
import type { AppOptions } from "../../src/http/app.ts";
import type { RuntimeOptions } from "../../src/types.ts";
import { type House, openHouse } from "./harness.ts";

export const NOW = Date.UTC(2026, 10, 21);

export const PERSONA = { id: "ada", display_name: "Ada" };
export const ROLE = { id: "aide", display_name: "Aide", system_prompt: "Be brief." };
export const SEQUENCE = { id: "walk", display_name: "Walk", steps: [{ id: "one", instruction: "Greet." }] };

/** Its clock stands still at `NOW`. */
export async function openCatalogueHouse(
  catalogue: NonNullable<RuntimeOptions["catalogue"]> = {},
  appOptions: AppOptions = {},
): Promise<House & { readonly clock: ManualClock }> {
  const clock = new ManualClock(NOW);
  return { ...(await openHouse({ clock, catalogue }, { clock, ...appOptions })), clock };
}
