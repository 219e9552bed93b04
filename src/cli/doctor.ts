/** `persona-runtime doctor`: what would keep a server from running well, and what to do about it. */
import { ConfigError } from "../config/config-error.ts";
import { type ConfigOptions, configurationOf } from "./config-options.ts";
import { database } from "./doctor/database.ts";
import { type Finding, failure, ok } from "./doctor/finding.ts";
import { addon, clock, eventLoop, node } from "./doctor/machine.ts";
import { outside, port } from "./doctor/network.ts";
import { seeds } from "./doctor/seeds.ts";
import { storeOf } from "./store-of.ts";

/** The exit code is 1 when something fails; warnings leave it as it is. */
export async function doctorCommand({ json, ...options }: ConfigOptions & { readonly json?: boolean }): Promise<void> {
  const findings: Finding[] = [node(), addon(), await eventLoop()];
  const { configuration, finding } = await configured(options);
  findings.push(finding);
  if (configuration !== undefined) {
    const { config, options: library } = configuration;
    const { findings: ofDatabase, newest } = await database(storeOf(config.server));
    findings.push(...ofDatabase, clock(Date.now(), newest), ...(await seeds(config.catalogue)));
    findings.push(await port(config.server, config.auth), ...(await outside(library)));
  }
  console.log(json === true ? JSON.stringify(findings) : findings.map(linesOf).join("\n"));
  if (findings.some(({ state }) => state === "failure")) process.exitCode = 1;
}

async function configured(options: ConfigOptions) {
  try {
    const configuration = await configurationOf(options);
    return { configuration, finding: ok("configuration", configuration.file ?? "without a file") };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = "Mend this first: database, seeds, port and providers were not looked at.";
    return { configuration: undefined, finding: failure("configuration", error.message, advice) };
  }
}

const SIGNS = { ok: "ok     ", warning: "warning", failure: "FAILURE" } as const;

function linesOf({ name, state, found, advice }: Finding): string {
  const line = `${SIGNS[state]}  ${name.padEnd(13)}  ${found}`;
  return advice === undefined ? line : `${line}\n${" ".repeat(9)}→ ${advice}`;
}
