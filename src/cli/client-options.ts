/** The options by which a command finds its server. */
import { type Command, Option } from "commander";

/** Adds `--url`, `--key` and `--json`. With `otherwise` empty, no server is meant unless one is named. */
export function takesServer(command: Command, otherwise = "http://127.0.0.1:8787"): Command {
  const url = new Option("--url <URL>", "where the server is").env("PERSONA_RUNTIME_URL");
  if (otherwise !== "") url.default(otherwise);
  const key = new Option("--key <KEY>", "key to call it with; others see it in the list of processes").env(
    "PERSONA_RUNTIME_KEY",
  );
  return command.addOption(url).addOption(key).option("--json", "as JSON, for scripts");
}
