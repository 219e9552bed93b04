import * as z from "zod";
import { DEFAULT_THRESHOLD, sleepSchema as librarySchema } from "../../runtime/settings.ts";
import { SLEEP_MODES } from "../../types.ts";
import { time } from "./common.ts";
import { wire } from "./registry.ts";

const { mode, until, topic, threshold } = librarySchema.in.shape;

mode.register(wire, {
  description:
    "`active` is awake; else what wakes it. `mentioned_only`: being named, or spoken to in a session; `human_only`: a " +
    "human; `until_topic`: a message on its topic; `sleeping`: time alone",
});
until.register(wire, { description: "Milliseconds since 1970 when it wakes by itself. Default: never" });
topic.register(wire, { description: "Only with `until_topic`, and needed there" });
threshold.register(wire, {
  description: `Only with \`until_topic\`: from this similarity on a message is on the topic. Default ${DEFAULT_THRESHOLD}`,
});

/** As it is asked for: the names and the checks are those of the library. */
export const sleepBody = librarySchema.register(wire, {
  description: "How it sleeps from now on. Asleep it takes messages and answers none of them",
});

/** As it is shown. */
export const sleepSchema = z
  .object({
    mode: z.enum(SLEEP_MODES),
    until: time.optional(),
    topic: z.string().optional(),
    threshold: z.number().optional(),
  })
  .register(wire, { id: "Sleep", description: "`active` when it is awake" });
