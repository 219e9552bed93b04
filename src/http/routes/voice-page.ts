import { readFile } from "node:fs/promises";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { protectPages } from "../answer-headers.ts";

const TYPES = { html: "text/html", css: "text/css", js: "text/javascript" } as const;

/** By the path under which each is delivered. All of them are small and are kept in memory. */
const FILES = {
  "/voice": "index.html",
  "/voice/page.css": "page.css",
  "/voice/page.js": "page.js",
  "/voice/ear.js": "ear.js",
  "/voice/events.js": "events.js",
  "/voice/microphone.js": "microphone.js",
  "/voice/options.js": "options.js",
  "/voice/player.js": "player.js",
  "/voice/plot.js": "plot.js",
  "/voice/sound.js": "sound.js",
  "/voice/track.js": "track.js",
} as const;

const FOLDER = new URL("../../../src/pages/voice/", import.meta.url);

/** Nothing but what lies here, and the socket of the same server. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A page on which one hears with the server's ear. Anybody may have the page itself, since a browser cannot send a key
 * for it; what it asks for takes one.
 */
export const voicePage: FastifyPluginAsyncZod = async (pages) => {
  await protectPages(pages);
  for (const [url, name] of Object.entries(FILES)) {
    const text = await readFile(new URL(name, FOLDER), "utf8");
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1) as keyof typeof TYPES];
    pages.get(url, { config: { policy: "public" }, schema: { hide: true } }, async (_request, reply) =>
      reply.type(`${type}; charset=utf-8`).header("content-security-policy", POLICY).send(text),
    );
  }
};
