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
  const answer = access(request).send(persona, body.text, { ...sendOptionsOf(body, headers, identity), ...session });
  const accepted = await answer.accepted;
  if (query.wait > 0) {
    const spoken = await within(answer, { ms: query.wait * 1000, clock, response: reply.raw, graceOver });
    if (spoken !== undefined) return reply.code(200).send(answeredOf(accepted, spoken));
  }
  return reply.code(202).send(acceptedOf(accepted));
}
