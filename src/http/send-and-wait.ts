import type { FastifyReply, FastifyRequest } from "fastify";
import type * as z from "zod";
import type { Services } from "./services.ts";
import {
  acceptedOf,
  answeredOf,
  type messageBody,
  type sendHeaders,
  sendOptionsOf,
  type sendQuery,
} from "./wire/send.ts";
import { within } from "./within.ts";

type SendRequest = Pick<FastifyRequest, "identity"> & {
  readonly body: z.output<typeof messageBody>;
  readonly headers: z.output<typeof sendHeaders>;
  readonly query: z.output<typeof sendQuery>;
};

/** 200 with the reply when it comes within `?wait=`, else 202; refusals and lost items are thrown. */
export async function sendAndWait(
  { access, clock, graceOver }: Services,
  request: SendRequest,
  reply: FastifyReply,
  persona: string,
  session?: { readonly conversation: string },
) {
  const { body, headers, query, identity } = request;
  const runtime = access(request);
  const speech = sendOptionsOf(body, headers, identity, session);
  if (query.wait === 0) {
    const accepted = await runtime.tell(persona, body.text, speech);
    reply.code(202);
    return acceptedOf(accepted);
  }
  const answer = runtime.send(persona, body.text, speech);
  const accepted = await answer.accepted;
  const spoken = await within(answer, { ms: query.wait * 1000, clock, response: reply.raw, graceOver });
  reply.code(spoken === undefined ? 202 : 200);
  return spoken === undefined ? acceptedOf(accepted) : answeredOf(accepted, spoken);
}
