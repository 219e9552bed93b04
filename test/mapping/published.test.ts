import { openMemoryStore } from "../../src/store/memory.ts";
import { publishes } from "./publishes.ts";

publishes((options) => openMemoryStore(options));
