import { describe } from "vitest";
import { openMemoryStore } from "../../src/store/memory.ts";
import { learns } from "./learns.ts";

describe("learning over memory", () => learns(openMemoryStore));
