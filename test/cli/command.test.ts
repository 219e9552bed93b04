import { describe, expect, test } from "vitest";
import { type Command, parseCommand, UsageError } from "../../src/cli/command.ts";

const DEFAULTS = {
  name: "serve",
  host: "127.0.0.1",
  port: 8787,
  store: "data/persona-runtime.db",
  cast: "built-in",
  graceMs: 10_000,
} as const;

describe("what is understood", () => {
  test.each<[string, Command]>([
    ["serve", DEFAULTS],
    ["serve --host ::1 --port 0 --grace-ms 0", { ...DEFAULTS, host: "::1", port: 0, graceMs: 0 }],
    ["serve --port=65535", { ...DEFAULTS, port: 65_535 }],
    ["serve --data /tmp/x", { ...DEFAULTS, store: "/tmp/x/persona-runtime.db" }],
    ["serve --store x.db", { ...DEFAULTS, store: "x.db" }],
    ["serve --store memory --no-cast", { ...DEFAULTS, store: "memory", cast: "none" }],
    ["serve --cast mine.json", { ...DEFAULTS, cast: { file: "mine.json" } }],
    ["--help", { name: "help" }],
    ["serve -h --port 1", { name: "help" }],
    ["--version", { name: "version" }],
  ])("%s", (words, expected) => {
    expect(parseCommand(words.split(" "))).toEqual(expected);
  });
});

describe("what is not", () => {
  test.each<[string, RegExp]>([
    ["", /command is missing/],
    ["server", /no command "server"/],
    ["serve now", /"now" is one word too many/],
    ["serve --prot 1", /Unknown option '--prot'/],
    ["serve --port", /--port <value>' argument missing/],
    ["serve --port x", /--port must be a whole number from 0 to 65535, not "x"/],
    ["serve --port 65536", /not "65536"/],
    ["serve --port 1.5", /not "1.5"/],
    ["serve --port 0x10", /not "0x10"/],
    ["serve --port=-1", /not "-1"/],
    ["serve --grace-ms 3600001", /--grace-ms must be/],
    ["serve --no-cast=yes", /'--no-cast' does not take an argument/],
    ["serve --data a --store b", /--data or --store, not both/],
    ["serve --cast a --no-cast", /--cast or --no-cast, not both/],
  ])("%s", (words, message) => {
    const parse = () => parseCommand(words.split(" ").filter((word) => word !== ""));
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});
