/** Opens a database and never closes it. Arguments: the database; `idle`, `writing` (500 messages) or `exit`. */
import { systemClock } from "../../src/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { appended } from "./rows.ts";

const [file = "", how = ""] = process.argv.slice(2);
const store = await openStore(file, { clock: systemClock() });
console.log("opened");
if (how === "writing") await Promise.all(Array.from({ length: 500 }, () => appended(store)));
if (how === "exit") process.exit(0);
