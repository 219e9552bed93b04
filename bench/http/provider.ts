/**
 * A provider in a process of its own: it answers at once, so that what others add is all there is to see. Asked for the
 * model `prompt`, it repeats the messages that it was last asked with.
 */
import { modelServer, say } from "../../test/support/model-server.ts";
import { TOKENS } from "./tokens.ts";

const answer = say(TOKENS);
let last: unknown;
const server = await modelServer((request, response) => {
  if (request.body.model === "prompt") return void response.end(JSON.stringify(last));
  last = request.body.messages;
  return answer(request, response);
});
process.send?.({ baseUrl: server.url("openai-compatible") });
// Also when the benchmark ends before it has said so.
process.once("disconnect", () => process.exit());
process.once("message", async () => {
  await server.close();
  process.disconnect();
});
