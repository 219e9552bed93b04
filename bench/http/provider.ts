/** A provider in a process of its own: it answers at once, so that what others add is all there is to see. */
import { modelServer, say } from "../../test/support/model-server.ts";
import { TOKENS } from "./tokens.ts";

const server = await modelServer(say(TOKENS));
process.send?.({ baseUrl: server.url("openai-compatible") });
process.once("message", async () => {
  await server.close();
  process.disconnect();
});
