import { describe } from "vitest";
import { memoryPersister } from "../../src/catalogue/memory-persister.ts";
import { behavesAsACatalogue } from "./behaviour.ts";

describe("in memory", () => {
  behavesAsACatalogue(async () => {
    const persister = memoryPersister();
    return { open: async () => persister };
  });
});
