/** The two mappers of the earlier system, where their folder lies beside the project or further up. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Undefined where it is not there, unless everything has to be (`REQUIRE_ALL=1`): then that is an error. */
export function publishedMapper(name: "daily_work_optimizer" | "therapy_insights"): string | undefined {
  const place = `shared/data/mappers/${name}.yaml`;
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, place);
    if (existsSync(file)) return readFileSync(file, "utf8");
  }
  if (process.env["REQUIRE_ALL"] === "1") throw new Error(`REQUIRE_ALL=1, but there is no ${place}.`);
  return undefined;
}
