/**
 * The names of OpenTelemetry's conventions for generative AI, pinned here: they are still in development, and the
 * package that carries them has deprecated them. https://github.com/open-telemetry/semantic-conventions-genai
 */
export const OPERATION = "gen_ai.operation.name";
export const PROVIDER = "gen_ai.provider.name";
export const REQUEST_MODEL = "gen_ai.request.model";
export const AGENT_ID = "gen_ai.agent.id";
export const AGENT_NAME = "gen_ai.agent.name";
export const CONVERSATION_ID = "gen_ai.conversation.id";
export const INPUT_TOKENS = "gen_ai.usage.input_tokens";
export const OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
export const CACHED_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens";
export const REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens";
export const FINISH_REASONS = "gen_ai.response.finish_reasons";
export const FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";
export const TOOL_NAME = "gen_ai.tool.name";
export const TOOL_CALL_ID = "gen_ai.tool.call.id";
export const TOKEN_TYPE = "gen_ai.token.type";
export const ERROR_TYPE = "error.type";
/** What was said: only when it is asked for. */
export const INPUT_MESSAGES = "gen_ai.input.messages";
export const OUTPUT_MESSAGES = "gen_ai.output.messages";

export const INVOKE_AGENT = "invoke_agent";
export const CHAT = "chat";
export const EXECUTE_TOOL = "execute_tool";

/** Histograms: unit, description and bounds as the conventions give them. Durations are in seconds. */
const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

export const TOKEN_USAGE = histogram("gen_ai.client.token.usage", "{token}", "Tokens used", TOKENS);
export const CALL_DURATION = histogram("gen_ai.client.operation.duration", "s", "What a call of a model took", SECONDS);
export const CALL_FIRST_CHUNK = histogram(
  "gen_ai.client.operation.time_to_first_chunk",
  "s",
  "From a call of a model to the first part of its answer",
  SECONDS,
);
export const TOOL_DURATION = histogram("gen_ai.execute_tool.duration", "s", "What a call of a tool took", SECONDS);
export const TURN_DURATION = histogram("gen_ai.invoke_agent.duration", "s", "What a turn took", SECONDS);

function histogram(name: string, unit: string, description: string, explicitBucketBoundaries: number[]) {
  return { name, options: { unit, description, advice: { explicitBucketBoundaries } } };
}

/** Our own, and stable. */
export const TURN_ID = "persona.turn.id";
export const TURN_LANE = "persona.turn.lane";
export const TURN_ATTEMPT = "persona.turn.attempt";
export const TURN_ITEMS = "persona.turn.items";
export const TURN_OUTCOME = "persona.turn.outcome";
export const TURN_WAITED_MS = "persona.turn.waited_ms";
export const TENANT = "persona.tenant";
