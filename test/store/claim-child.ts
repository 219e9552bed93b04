/** Opens a database, says how that went, and keeps what it got until it is killed. Argument: the database. */
import { systemClock } from "../../src/clock.ts";
import { PersonaError } from "../../src/errors.ts";
import { openStore } from "../../src/store/open.ts";

try {
  await openStore(process.argv[2] ?? "", { clock: systemClock() });
  console.log("opened");
} catch (error) {
  console.log(error instanceof PersonaError ? `${error.code} ${error.message}` : error);
}
process.stdin.resume();
