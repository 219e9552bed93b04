/** `npm run bench NAME`: runs `bench/NAME.ts`; words after the name are the benchmark's own. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [name, ...words] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));

if (name === undefined || !names.includes(name)) {
  const known =
    names.length === 0 ? "There is none yet." : `There ${names.length === 1 ? "is" : "are"}: ${names.join(", ")}.`;
  console.error(
    `${name === undefined ? "Say which benchmark: `npm run bench NAME`." : `There is no benchmark "${name}".`} ${known}`,
  );
  process.exitCode = 2;
} else {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  process.exitCode = spawnSync(process.execPath, [file, ...words], { stdio: "inherit" }).status ?? 1;
}
