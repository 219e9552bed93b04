/** `persona-runtime config print | check | example`. */
import { configAsJson, exampleConfig, printConfig } from "../config/print.ts";
import { type ConfigOptions, configurationOf } from "./config-options.ts";

export async function printCommand({ json, ...options }: ConfigOptions & { readonly json?: boolean }): Promise<void> {
  const configuration = await configurationOf(options);
  console.log(json === true ? JSON.stringify(configAsJson(configuration), null, 2) : printConfig(configuration));
}

export async function checkCommand(options: ConfigOptions): Promise<void> {
  const { file } = await configurationOf(options);
  console.log(`The configuration is valid (${file ?? "without a file"}).`);
}

export function exampleCommand(): void {
  process.stdout.write(exampleConfig());
}
