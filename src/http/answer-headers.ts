/** What answers tell a browser that it must not do with them. */
import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

/**
 * Answers are data for the caller alone: not to be kept, framed, or taken for a page. All that helmet sends costs as
 * much as half of a small request, and the rest of it says something about pages only.
 */
export function finishAnswers(app: FastifyInstance, closing: AbortSignal): void {
  app.addHook("onSend", (_request, reply, payload, done) => {
    reply.header("x-content-type-options", "nosniff");
    if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", NOTHING);
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    // Otherwise an answer that was on its way would leave an idle connection, and close() waiting for it.
    if (closing.aborted) reply.header("connection", "close");
    done(null, payload);
  });
}

const NOTHING = "default-src 'none'; frame-ancestors 'none'";

/** For the routes of a plugin that delivers pages, and brings the content security policy that suits them. */
export async function protectPages(pages: FastifyInstance): Promise<void> {
  await pages.register(helmet, {
    contentSecurityPolicy: false,
    // The server speaks plain HTTP: whether a browser may insist on TLS is for whoever puts it in front.
    strictTransportSecurity: false,
    xFrameOptions: { action: "deny" },
  });
}
