/** The `persona-runtime/ai` entry: models answer turns, through the AI SDK (its packages are optional: see the README). */
export { aiSdk } from "./ai/ai-sdk.ts";
export { type ModelExtractorOptions, modelExtractor } from "./ai/extractor.ts";
export { type JudgeOptions, modelJudge } from "./ai/judge.ts";
export type { Model, ModelOptions, ModelsOptions, ProviderOptions } from "./ai/options.ts";
export { providers } from "./ai/providers.ts";
export { modelSummary, type SummaryOptions } from "./ai/summary.ts";
