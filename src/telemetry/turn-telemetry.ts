/** Traces and metrics of turns through OpenTelemetry's API: whoever registered an SDK gets them. */
import {
  type Attributes,
  type Context,
  context,
  type Histogram,
  isSpanContextValid,
  type Meter,
  metrics,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { manifest } from "../manifest.ts";
import type { BegunTurn, Origin, Said, Tracing, TurnTrace } from "../runtime/tracing.ts";
import type { EndedTurn, ProviderCall, TelemetryOptions, ToolCallFacts, Usage } from "../types.ts";
import * as names from "./conventions.ts";

/** Version, trace, span and flags, as in W3C Trace Context; a later version may add to them. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export class TurnTelemetry implements Tracing {
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #captureContent: boolean;

  constructor({ tracerProvider, meterProvider, captureContent = false }: TelemetryOptions) {
    const { name, version } = manifest;
    this.#tracer = (tracerProvider ?? trace).getTracer(name, version);
    this.#instruments = new Instruments((meterProvider ?? metrics).getMeter(name, version));
    this.#captureContent = captureContent;
  }

  origin(traceparent: string | undefined): Origin | undefined {
    if (traceparent === undefined) return trace.getSpanContext(context.active());
    const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(traceparent) ?? [];
    const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
    const origin = { traceId, spanId, traceFlags, isRemote: true };
    return isSpanContextValid(origin) ? origin : undefined;
  }

  begin(turn: BegunTurn, origins: readonly Origin[]): TurnTrace {
    const trigger = origins.at(-1);
    const parent = trigger === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, trigger);
    const others = origins.filter((origin) => origin.spanId !== trigger?.spanId);
    const span = this.#tracer.startSpan(
      `${names.INVOKE_AGENT} ${turn.name}`,
      {
        kind: SpanKind.INTERNAL,
        startTime: turn.formedAt,
        links: others.map((origin) => ({ context: origin })),
        attributes: {
          [names.OPERATION]: names.INVOKE_AGENT,
          [names.AGENT_ID]: turn.persona,
          [names.AGENT_NAME]: turn.name,
          [names.CONVERSATION_ID]: turn.conversation,
          [names.TENANT]: turn.tenant,
          [names.TURN_ID]: turn.turn,
          [names.TURN_LANE]: turn.lane,
          [names.TURN_ATTEMPT]: turn.attempt,
          [names.TURN_ITEMS]: turn.items,
          [names.TURN_WAITED_MS]: turn.waitedMs,
        },
      },
      parent,
    );
    const within = trace.setSpan(parent, span);
    return {
      run: (work) => context.with(within, work),
      end: (ended, said) => this.#end(ended, span, within, said),
    };
  }

  #end(turn: EndedTurn, span: Span, within: Context, said: () => Said): void {
    this.#instruments.record(turn);
    if (!span.isRecording()) return;
    for (const call of turn.calls) this.#chat(call, within);
    for (const call of turn.tools) this.#tool(call, within);
    span.setAttributes({ [names.TURN_OUTCOME]: turn.outcome, ...usageAttributes(turn.usage) });
    if (turn.model !== undefined) span.setAttribute(names.REQUEST_MODEL, turn.model);
    if (turn.provider !== undefined) span.setAttribute(names.PROVIDER, turn.provider);
    if (this.#captureContent) span.setAttributes(contentAttributes(said(), turn.outcome));
    if (turn.outcome !== "answered" && turn.outcome !== "declined") failed(span, turn.outcome, turn.error);
    span.end(turn.endedAt);
  }

  #chat(call: ProviderCall, within: Context): void {
    const span = this.#tracer.startSpan(
      `${names.CHAT} ${call.model}`,
      { kind: SpanKind.CLIENT, startTime: call.startedAt, attributes: callAttributes(call) },
      within,
    );
    span.setAttributes(usageAttributes(call.usage));
    if (call.finishReason !== undefined) span.setAttribute(names.FINISH_REASONS, [call.finishReason]);
    if (call.firstTokenMs !== undefined) span.setAttribute(names.FIRST_CHUNK, call.firstTokenMs / 1000);
    if (call.outcome !== "answered") failed(span, call.outcome, call.error);
    span.end(call.startedAt + call.durationMs);
  }

  #tool(call: ToolCallFacts, within: Context): void {
    const attributes = { ...toolAttributes(call), [names.TOOL_CALL_ID]: call.id };
    const options = { kind: SpanKind.INTERNAL, startTime: call.startedAt, attributes };
    const span = this.#tracer.startSpan(`${names.EXECUTE_TOOL} ${call.name}`, options, within);
    if (call.outcome !== "answered") failed(span, call.outcome, call.error);
    span.end(call.startedAt + call.durationMs);
  }
}

class Instruments {
  readonly #turn: Histogram;
  readonly #call: Histogram;
  readonly #firstChunk: Histogram;
  readonly #tool: Histogram;
  readonly #tokens: Histogram;

  constructor(meter: Meter) {
    const create = ({ name, options }: typeof names.TURN_DURATION) => meter.createHistogram(name, options);
    this.#turn = create(names.TURN_DURATION);
    this.#call = create(names.CALL_DURATION);
    this.#firstChunk = create(names.CALL_FIRST_CHUNK);
    this.#tokens = create(names.TOKEN_USAGE);
    this.#tool = create(names.TOOL_DURATION);
  }

  record(turn: EndedTurn): void {
    // No persona here: there may be a million, and each would be a series.
    const error =
      turn.outcome === "answered" || turn.outcome === "declined" ? {} : { [names.ERROR_TYPE]: turn.outcome };
    this.#turn.record((turn.endedAt - turn.formedAt) / 1000, { [names.OPERATION]: names.INVOKE_AGENT, ...error });
    for (const call of turn.tools) this.#tool.record(call.durationMs / 1000, toolAttributes(call));
    for (const call of turn.calls) {
      const attributes = callAttributes(call);
      this.#call.record(call.durationMs / 1000, attributes);
      if (call.firstTokenMs !== undefined) this.#firstChunk.record(call.firstTokenMs / 1000, attributes);
      if (call.usage === undefined) continue;
      this.#tokens.record(call.usage.inputTokens, { ...attributes, [names.TOKEN_TYPE]: "input" });
      this.#tokens.record(call.usage.outputTokens, { ...attributes, [names.TOKEN_TYPE]: "output" });
    }
  }
}

function callAttributes({ provider, model, outcome }: ProviderCall): Attributes {
  return {
    [names.OPERATION]: names.CHAT,
    [names.PROVIDER]: provider,
    [names.REQUEST_MODEL]: model,
    ...(outcome === "answered" ? {} : { [names.ERROR_TYPE]: outcome }),
  };
}

function toolAttributes({ name, outcome }: ToolCallFacts): Attributes {
  return {
    [names.OPERATION]: names.EXECUTE_TOOL,
    [names.TOOL_NAME]: name,
    ...(outcome === "answered" ? {} : { [names.ERROR_TYPE]: outcome }),
  };
}

function usageAttributes(usage: Usage | undefined): Attributes {
  if (usage === undefined) return {};
  return {
    [names.INPUT_TOKENS]: usage.inputTokens,
    [names.OUTPUT_TOKENS]: usage.outputTokens,
    [names.CACHED_INPUT_TOKENS]: usage.cachedInputTokens,
    [names.REASONING_TOKENS]: usage.reasoningTokens,
  };
}

function contentAttributes({ heard, reply }: Said, outcome: string): Attributes {
  const parts = (content: string) => [{ type: "text", content }];
  const input = heard.map((text) => ({ role: "user", parts: parts(text) }));
  const output = reply === undefined ? [] : [{ role: "assistant", parts: parts(reply), finish_reason: outcome }];
  return { [names.INPUT_MESSAGES]: JSON.stringify(input), [names.OUTPUT_MESSAGES]: JSON.stringify(output) };
}

function failed(span: Span, type: string, message: string | undefined): void {
  span.setAttribute(names.ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
}
