import { expect, test } from "vitest";
import { notHonouredByRehearsal, notHonouredInText, notHonouredSteps } from "../../src/catalogue/not-honoured.ts";
import { SETTING_NAMES } from "../../src/catalogue/resolved-session.ts";
import { rehearsal } from "../../src/cognition/rehearsal.ts";
import type { CognitionTurn } from "../../src/types.ts";
import { says, turnOf, user } from "../prompt/turn.ts";
import { sessionOf, steps } from "./entries.ts";

const SOUND = {
  automatic_activity_detection: true,
  vad_start_sensitivity: "low",
  vad_end_sensitivity: "high",
  vad_prefix_padding_ms: 0,
  vad_silence_duration_ms: 500,
  activity_handling: "no_interrupt",
  turn_coverage: "turn_includes_all_input",
  enable_affective_dialog: true,
} as const;
const WRITING = {
  vocabulary_hint: "Zermatt",
  tool_allowlist: [] as string[],
  temperature: 0,
  thinking_enabled: false,
  thinking_level: "off",
  include_thoughts: false,
  thinking_budget: 0,
  context_compression_enabled: false,
  context_compression_trigger_tokens: 2,
  context_compression_target_tokens: 1,
} as const;

test("in writing all that is about sound is named, and nothing else", () => {
  const named = notHonouredInText(sessionOf({ role: { ...SOUND, ...WRITING } }));
  expect(named.map(({ field }) => field)).toEqual(Object.keys(SOUND));
  expect(named[0]?.reason).toMatch(/sound/);
});

test("what is switched off is not missed, and what nobody says is not named", () => {
  const off = { automatic_activity_detection: false, enable_affective_dialog: false };
  expect(notHonouredInText(sessionOf({ role: off }))).toEqual([]);
  expect(notHonouredInText(sessionOf({}))).toEqual([]);
  expect(notHonouredByRehearsal(sessionOf({}))).toEqual([]);
});

test("the rehearsal honours no setting at all", () => {
  const named = notHonouredByRehearsal(sessionOf({ role: { ...SOUND, ...WRITING, model: "local:m" } }));
  expect(named.map(({ field }) => field).sort()).toEqual(["model", ...SETTING_NAMES].sort());
});

test("the rehearsal says what it was told in its role and step", async () => {
  const session = sessionOf({ role: {}, sequence: {} }, { step: 1 });
  const turn: CognitionTurn = { ...turnOf({ trigger: says(user, "Hello") }), session };
  let said = "";
  for await (const token of rehearsal(turn) as AsyncIterable<string>) said += token;
  expect(said).toBe(
    "[rehearsal: no model is configured] Ada here. I heard “Hello”. My instructions: Guide them. My step s1: Do 1.",
  );
});

test("a step that requires a tool which the role or the persona does not allow is named", () => {
  const sequence = { steps: steps(2, { require_tools: ["look_up", "note"] }) };
  const named = (role: object, own: readonly string[]) =>
    notHonouredSteps(sessionOf({ role, sequence }), own).map(({ reason }) => reason);
  expect(named({ tool_allowlist: ["look_up", "note"] }, [])).toEqual([]);
  expect(named({ tool_allowlist: ["look_up", "note"] }, ["look_up"])).toEqual([
    'step "s0" requires tools that are not offered (note), so it is never complete',
    'step "s1" requires tools that are not offered (note), so it is never complete',
  ]);
  expect(named({ tool_allowlist: ["note"] }, [])[0]).toContain("(look_up)");
  expect(named({}, ["note", "look_up"])).toEqual([]);
  expect(notHonouredSteps(sessionOf({}), [])).toEqual([]);
});
