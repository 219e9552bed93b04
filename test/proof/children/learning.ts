/**
 * `node learning.ts STORE ROUND`: observes and gives feedback as fast as it can, for ever, and prints what was accepted:
 * `observation PERSON ID` or `feedback ID`. Whatever a former process left is learned beside.
 */
import { createRuntime } from "../../../src/index.ts";

/** Calls on their way at once. */
const WINDOW = 40;
const PERSONS = 4;

const MAPPER = {
  metadata: { id: "coach", version: "1.0.0", description: "A coach" },
  rules: [
    {
      id: "rest",
      conditions: { trait_check: { path: "work.meeting_recovery", operator: "not_exists" } },
      actions: [{ generate_suggestion: { type: "rest", template: "t" } }],
    },
  ],
  templates: { t: { title: "Rest", description: "Now" } },
  // Nothing is forgotten: what was learned is a count.
  feedback_settings: { strategy: "thompson", discount: 1 },
};

const [, , store = "", round = "0"] = process.argv;
const runtime = await createRuntime({
  ...{ store, seed: Number(round), cognition: () => "", mapping: { feedbackPerDay: 10_000 } },
});
await runtime.mapping.mappers.put("coach", MAPPER, { activate: true });
await runtime.enroll({ id: "ada", name: "Ada" });
const mapped = await runtime.mapping.mapPersona({ persona: "ada", person: "user:nobody", mapper: "coach" });
const suggestion_id = mapped.suggestions?.[0]?.id ?? "";

let sent = 0;
async function learnForEver(): Promise<void> {
  for (;;) {
    sent += 1;
    const id = `${round}-${sent}`;
    if (sent % 5 === 0) {
      await runtime.mapping.feedback({ id, suggestion_id, helpful: true });
      process.stdout.write(`feedback ${id}\n`);
      continue;
    }
    const person = `user:${sent % PERSONS}`;
    const content = { type: "meeting", duration_minutes: 30 };
    await runtime.mapping.observe({ id, person_id: person, type: "calendar_event", content, observed_at: Date.now() });
    process.stdout.write(`observation ${person} ${id}\n`);
  }
}
await Promise.all(Array.from({ length: WINDOW }, learnForEver));
