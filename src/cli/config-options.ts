/** The options by which a command takes the configuration. */
import { type Command, Option } from "commander";
import { defaultOf, KEYS, keyName } from "../config/keys.ts";
import { type Configuration, resolveConfig } from "../config/resolve.ts";
import { type Flag, readSetting } from "../config/sources.ts";
import { UsageError } from "./usage-error.ts";

export interface ConfigOptions {
  readonly config?: string;
  /** As they were given, in their order. */
  readonly flags?: readonly Flag[];
}

/** Adds `--set` and the flags that keys have of their own: all of them, or those of the keys named. */
export function addConfigOptions(command: Command, only?: readonly string[]): void {
  for (const { path, schema, about } of KEYS) {
    if (about.flag === undefined || only?.includes(keyName(path)) === false) continue;
    const [flag = "", word = ""] = about.flag.split(" ");
    const otherwise = defaultOf(schema);
    const description = `${about.description}${otherwise === undefined ? "" : ` (${otherwise})`}`;
    command.addOption(new FlagOption(`${flag} <${word}>`, description, (text) => ({ flag, path, text })));
  }
  const bare = { flag: "--no-built-in", path: ["catalogue", "built_in"], text: "false" };
  if (only === undefined) command.addOption(new FlagOption(bare.flag, "Leave the built-in cast out", () => bare));
  command.addOption(new FlagOption("--set <KEY=VALUE>", "Any key, such as --set log.level=info", setting));
}

/** Reads all sources; throws `config_invalid`. */
export function configurationOf({ config, flags = [] }: ConfigOptions): Promise<Configuration> {
  return resolveConfig({ file: config, flags, environment: process.env });
}

/** All of them are collected in `flags`. */
class FlagOption extends Option {
  constructor(flags: string, description: string, flagOf: (text: string) => Flag) {
    super(flags, description);
    // Else `--no-…` would set something also where it is not given.
    this.negate = false;
    this.argParser((text: string, before: readonly Flag[] = []) => [...before, flagOf(text)]);
  }

  override attributeName(): string {
    return "flags";
  }
}

function setting(words: string): Flag {
  const read = readSetting(words);
  if (read === undefined) throw new UsageError(`--set takes KEY=VALUE, such as log.level=info, not "${words}".`);
  return { flag: "--set", ...read };
}
