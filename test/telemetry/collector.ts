/** A collector that speaks OTLP over HTTP in JSON, and takes nothing that is not. */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

export interface SeenPoint {
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly sum: number;
}

export interface LocalCollector {
  readonly url: string;
  readonly spans: SeenSpan[];
  readonly points: SeenPoint[];
  readonly resource: Record<string, unknown>;
  readonly requests: http.IncomingHttpHeaders[];
}

/** `answer` is the status; a promise that never settles hangs. */
export async function listenForTelemetry(answer: () => number | Promise<number> = () => 200): Promise<LocalCollector> {
  const seen: LocalCollector = { url: "", spans: [], points: [], resource: {}, requests: [] };
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    seen.requests.push(request.headers);
    const status = await answer();
    if (status === 200) {
      if (request.method !== "POST" || request.headers["content-type"] !== "application/json")
        throw new Error("No OTLP");
      const document = JSON.parse(String(body));
      if (request.url === "/v1/traces") takeSpans(document, seen);
      else if (request.url === "/v1/metrics") takePoints(document, seen);
      else throw new Error(`No OTLP: ${request.url}`);
    }
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return Object.assign(seen, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

// biome-ignore lint/suspicious/noExplicitAny: a document of another's shape
type Document = any;

function takeSpans({ resourceSpans }: Document, { spans, resource }: LocalCollector): void {
  for (const { resource: from, scopeSpans } of resourceSpans) {
    Object.assign(resource, attributesOf(from.attributes));
    for (const span of scopeSpans.flatMap((scope: Document) => scope.spans)) {
      if (!/^[0-9a-f]{32}$/.test(span.traceId) || !/^[0-9a-f]{16}$/.test(span.spanId)) throw new Error("No ids");
      spans.push({ links: [], ...span, attributes: attributesOf(span.attributes) });
    }
  }
}

function takePoints({ resourceMetrics }: Document, { points }: LocalCollector): void {
  for (const { scopeMetrics } of resourceMetrics) {
    for (const metric of scopeMetrics.flatMap((scope: Document) => scope.metrics)) {
      for (const { attributes, count, sum } of metric.histogram.dataPoints) {
        const point = { metric: metric.name, unit: metric.unit, attributes: attributesOf(attributes) };
        points.push({ ...point, count: Number(count), sum });
      }
    }
  }
}

function attributesOf(list: Document[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, valueOfAny(value)]));
}

function valueOfAny({ stringValue, intValue, doubleValue, boolValue, arrayValue }: Document): unknown {
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? doubleValue ?? boolValue ?? arrayValue.values.map(valueOfAny);
}
