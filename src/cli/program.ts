/** Every command: how it is called, its options, an example. What a command does is loaded when it is called. */
import { Command, CommanderError, Option } from "commander";
import { manifest } from "../manifest.ts";
import { ROLES } from "../types.ts";
import { takesServer } from "./client-options.ts";
import type { ConfigOptions } from "./config-options.ts";
import { SORTS } from "./top-view.ts";
import { UsageError } from "./usage-error.ts";

/** As `DetectorName` has them; to import that would load what detects. */
const DETECTORS = ["refined", "network", "gated", "energy"] as const;

/** Runs the command that the words name; throws a `UsageError` for words that are wrong. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const root = program();
  try {
    await root.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for, and are printed.
    if (error.exitCode === 0) return;
    if (error.code === "commander.help") throw new UsageError(missingCommand(root, words[0]));
    throw new UsageError(sentence(error.message));
  }
}

function program(): Command {
  const root = new Command("persona-runtime")
    .description("Hosts a cast of AI personas in one process.")
    .version(manifest.version, "-v, --version", "shows the version")
    .helpOption("-h, --help", "shows this, or the options of a command")
    .helpCommand(false)
    .showSuggestionAfterError()
    // Options belong to the command that they follow.
    .enablePositionalOptions()
    // What is wrong is told by `run`, like every other failure.
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
    .addHelpText("after", EXIT_CODES)
    .exitOverride();
  const command = (usage: string, summary: string, examples: readonly string[]): Command =>
    root
      .command(usage)
      .summary(summary)
      .description(`${summary}.`)
      .allowExcessArguments(false)
      .addHelpText(
        "after",
        `\n${examples.length === 1 ? "Example" : "Examples"}:\n${examples.map((line) => `  ${line}\n`).join("")}`,
      );

  takesConfig(
    command("serve", "Starts the server, with what stands in persona-runtime.toml", [
      "persona-runtime serve --port 8080 --data /var/lib/personas",
    ]),
  ).action(async (options: ConfigOptions) => (await import("./serve.ts")).serveCommand(options));

  takesServer(
    command("send", "Says something to a persona", [
      'persona-runtime send ada "What is a prime?" --stream',
      "git diff | persona-runtime send reviewer - --wait",
    ]),
  )
    .argument("<PERSONA>", "id of the persona")
    .argument("<TEXT>", "what is said; - reads it from the input")
    .option("--wait", "wait for the reply and print it")
    .option("--stream", "print the reply while it is spoken")
    .option("--from <SENDER>", 'who says it, such as "user:7" or "agent:build"')
    .option("--lane <LANE>", "voice, chat, task or background")
    .option("--session <ID>", "go on with this session")
    .option("--idempotency-key <KEY>", "the same key again is the same message")
    .action(async (persona, text, options) => (await import("./send.ts")).sendCommand(persona, text, options));

  takesServer(
    command("enroll", "Enrolls the personas of a file, or changes those that are there", [
      "persona-runtime enroll cast.toml",
      "generate-cast | persona-runtime enroll - --json",
    ]),
  )
    .argument("<FILE>", "personas as JSON or TOML; - reads them from the input")
    .action(async (file, options) => (await import("./enroll.ts")).enrollCommand(file, options));

  const catalogue = command("catalogue", "Checks files of personas, roles and sequences, and moves them", [
    "persona-runtime catalogue validate seeds.toml",
    "persona-runtime catalogue import seeds.toml --dry-run",
    "persona-runtime catalogue export backup.json",
  ]).helpCommand(false);
  const FILE = "TOML or JSON; - reads the input";
  catalogue
    .command("validate")
    .description("Whether a file is right; names every broken entry with its line. Needs no server.")
    .argument("<FILE>", FILE)
    .option("--json", "as JSON, for scripts")
    .action(async (file, options) => (await import("./catalogue.ts")).validateCommand(file, options));
  takesServer(catalogue.command("import").description("Makes the entries of a file, or changes those that are there."))
    .argument("<FILE>", FILE)
    .option("--dry-run", "only say what would be made, changed and deleted")
    .option("--force", "delete also what others refer to")
    .action(async (file, options) => (await import("./catalogue.ts")).importCommand(file, options));
  takesServer(catalogue.command("export").description("Writes what the tenant has changed, as import takes it."))
    .argument("[FILE]", "where to; .json for JSON, else TOML. Default: prints it")
    .option("--all", "built-in entries and those of the seed file, too")
    .action(async (file, options) => (await import("./catalogue.ts")).exportCommand(file, options));

  command("mapper", "Checks files of mappers", ["persona-runtime mapper validate coach.yaml"])
    .helpCommand(false)
    .command("validate")
    .description("Whether files are right; names every fault with its line. Needs no server.")
    .argument("<FILE...>", "YAML or JSON; - reads the input")
    .option("--json", "as JSON, for scripts")
    .action(async (files, options) => (await import("./mapper.ts")).validateCommand(files, options));

  takesServer(command("status", "Shows the fleet, or what one persona is doing", ["persona-runtime status ada"]))
    .argument("[PERSONA]", "id of the persona")
    .action(async (persona, options) => (await import("./status.ts")).statusCommand(persona, options));

  takesServer(
    command("top", "Shows the busiest personas, live on a terminal", ["persona-runtime top --sort in_flight"]),
  )
    .addOption(new Option("--sort <COUNT>", "what counts").choices(SORTS).default(SORTS[0]))
    .addOption(number("--limit <N>", "how many, when it is not on a terminal", 1, 1_000).default(20))
    .addOption(number("--interval <S>", "seconds between two looks", 1, 3_600).default(2))
    .action(async (options) => (await import("./top.ts")).topCommand(options));

  command("replay", "Runs the turns of a recording again, without the network, and names the first difference", [
    "persona-runtime replay turns.jsonl",
  ])
    .argument("<FILE>", "a file that `serve --record` has written")
    .option("--json", "print the report as JSON")
    .action(async (file, options) => (await import("./replay.ts")).replayCommand(file, options));

  const vad = command("vad", "Finds speech in WAV files", [
    "persona-runtime vad call.wav",
    "persona-runtime vad *.wav --rttm > speech.rttm",
    "ffmpeg -v error -i talk.mp3 -ar 16000 -f wav - | persona-runtime vad -",
    "persona-runtime vad score recordings --bootstrap 2000",
  ])
    .usage("[options] <FILE...> | score [options] <FOLDER>")
    .helpCommand(false)
    .enablePositionalOptions()
    .argument("<FILE...>", "WAV files: 8 to 32 bits, float, µ-law or A-law; - is the input")
    .option("--json", "as JSON, for scripts")
    .option("--rttm", "as RTTM, where a file has its name without folder and ending")
    .addOption(new Option("--detector <NAME>", "what finds it").choices(DETECTORS).default(DETECTORS[0]))
    .addOption(number("--channel <N>", "which channel, counted from 0", 0, 7))
    .addOption(decimal("--threshold <P>", "probability from which it is speech (0.5)", 0.01, 0.99))
    .addOption(number("--min-speech <MS>", "shorter speech is none (96)", 0, 5_000))
    .addOption(number("--min-silence <MS>", "silence between two segments (100)", 32, 10_000))
    .action(async (files, options) => (await import("./vad.ts")).vadCommand(files, options));
  vad
    .command("score")
    .description("How good the detectors are on labelled recordings, also over a telephone and in noise.")
    .argument("<FOLDER>", "NAME.wav with NAME.csv: lines of start_s,end_s,speech from 0 on without gaps, 1 for speech")
    .addOption(number("--bootstrap <ROUNDS>", "how sure the gain of refining is: draws of the clips", 100, 100_000))
    .addOption(number("--seed <N>", "of noise and draws", 0, 2 ** 32).default(1))
    .option("--json", "as JSON, for scripts")
    .action(async (folder, options) => (await import("./vad-score.ts")).vadScoreCommand(folder, options));

  const keys = command("keys", "Makes, lists and revokes API keys", [
    "persona-runtime keys create --user root --role admin",
    "persona-runtime keys list --url http://127.0.0.1:8787",
  ])
    .helpCommand(false)
    .addHelpText(
      "after",
      "With --url they are those of a running server; else those in the database of a stopped one.",
    );
  const ofKeys = (usage: string, description: string) =>
    takesConfig(takesServer(keys.command(usage).description(description), ""), ["server.data", "server.store"]).option(
      "--tenant <NAME>",
      "whose keys in the database (default)",
    );
  ofKeys("create", "Makes a key, and prints its secret this once.")
    .requiredOption("--user <NAME>", "who uses it")
    .addOption(new Option("--role <ROLE>", "what it may do").choices(ROLES).default("user"))
    .option("--tier <NAME>", "how much it may do, such as free")
    .option("--name <TEXT>", "what it is for")
    .option("--expires <DATE>", "when it ends, such as 2027-01-31")
    .action(async (options) => (await import("./keys.ts")).createCommand(options));
  ofKeys("list", "Lists the keys, also expired and revoked ones, without their secrets.").action(async (options) =>
    (await import("./keys.ts")).listCommand(options),
  );
  ofKeys("revoke", "Revokes a key, at once and for good.")
    .argument("<ID>", "id of the key")
    .action(async (id, options) => (await import("./keys.ts")).revokeCommand(id, options));

  takesConfig(
    command("doctor", "Looks for what would keep a server from running well", [
      "persona-runtime doctor --config server.toml",
    ]),
  )
    .option("--json", "as JSON, for scripts")
    .action(async (options) => (await import("./doctor.ts")).doctorCommand(options));

  takesServer(
    command("bench", "Measures how many messages are answered in a second", [
      "persona-runtime bench",
      "persona-runtime bench --url http://127.0.0.1:8787 --messages 2000",
    ]).addHelpText("after", "With --url a running server is measured, else a runtime in memory."),
    "",
  )
    .addOption(number("--messages <N>", "how many", 1, 10_000_000).default(20_000))
    .addOption(number("--personas <N>", "to how many personas", 1, 100_000).default(100))
    .addOption(number("--at-once <N>", "on their way at once", 1, 10_000).default(100))
    .action(async (options) => (await import("./bench.ts")).benchCommand(options));

  const config = command("config", "Shows and checks the configuration", [
    "persona-runtime config print --set log.level=info",
    "persona-runtime config example > persona-runtime.toml",
  ])
    .helpCommand(false)
    .addHelpText("after", "Flags are stronger than the environment (PERSONA_RUNTIME_…), and that than the file.");
  takesConfig(
    config.command("print").description("What is in force, and where each value comes from; secrets are hidden."),
  )
    .option("--json", "as JSON")
    .action(async (options) => (await import("./config.ts")).printCommand(options));
  takesConfig(
    config.command("check").description("Whether the configuration is valid; names everything that is wrong."),
  ).action(async (options) => (await import("./config.ts")).checkCommand(options));
  config
    .command("example")
    .description("A file that documents every key.")
    .action(async () => (await import("./config.ts")).exampleCommand());
  return root;
}

/**
 * Adds `--config`, and once the command is called `--set` and the flags that keys have of their own: what knows them takes
 * longer to load than all that other commands do.
 */
function takesConfig(command: Command, only?: readonly string[]): Command {
  command.parent?.hook("preSubcommand", async (_, called) => {
    if (called === command) (await import("./config-options.ts")).addConfigOptions(command, only);
  });
  return command.option("--config <FILE>", "configuration file (persona-runtime.toml, if it is there)");
}

/** Said where nothing was named, or only a group of commands. */
function missingCommand(root: Command, name: string | undefined): string {
  const group = root.commands.find((command) => command.name() === name);
  if (group === undefined) return "A command is missing; `serve` starts the server.";
  return `A command is missing: ${group.commands.map((command) => `\`${name} ${command.name()}\``).join(", ")}.`;
}

/** An option that takes a whole number. */
function number(flags: string, description: string, least: number, most: number): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(`${flags.split(" ")[0]} must be a whole number from ${least} to ${most}, not "${text}".`);
  });
}

/** An option that takes a number with decimals. */
function decimal(flags: string, description: string, least: number, most: number): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(`${flags.split(" ")[0]} must be a number from ${least} to ${most}, not "${text}".`);
  });
}

const EXIT_CODES = "\nExit code: 0 when all went well, 1 when something failed, 2 when the command line is wrong.";

/** `error: unknown option '--prot'\n(Did you mean --port?)` as two sentences. */
function sentence(message: string): string {
  const [first = "", ...more] = message.replace(/^error: /, "").split("\n");
  const capital = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, "")}.`;
  return [capital, ...more.map((line) => line.replace(/^\((.*)\)$/, "$1"))].join(" ").trim();
}
