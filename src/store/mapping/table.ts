/** The port of mapping on a database: what SQLite, PostgreSQL and the memory store have in common. */
import type { Program } from "../query.ts";
import type { Guard, MappingCommands } from "./commands.ts";
import { personHash } from "./hash.ts";
import type {
  Adjustment,
  CoreRow,
  ErasureRow,
  MapperCondition,
  MapperRow,
  MappingTable,
  MindscapeChange,
  NarrativeRow,
  Since,
  SuggestionRow,
} from "./port.ts";
import type { MappingReader } from "./reader.ts";
import { wordsOf } from "./words.ts";

/** What runs a command of mapping in a transaction. */
export type MappingWrite = <Name extends MappingCommandName>(
  name: Name,
  args: Parameters<MappingCommands[Name]>,
) => Promise<Done<ReturnType<MappingCommands[Name]>>>;
export type MappingRead = <Result>(read: (reader: MappingReader) => Promise<Result>) => Promise<Result>;
export type MappingCommandName = Exclude<keyof MappingCommands, "along">;
type Done<Result> = Result extends Program<infer Answer> ? Answer : Result;

export class SqlMappingTable implements MappingTable {
  readonly #salt: number;
  readonly #write: MappingWrite;
  readonly #read: MappingRead;

  constructor(parts: { readonly salt: number; readonly write: MappingWrite; readonly read: MappingRead }) {
    this.#salt = parts.salt;
    this.#write = parts.write;
    this.#read = parts.read;
  }

  saveMindscape(change: MindscapeChange) {
    return this.#write("saveMindscape", [this.#guardedChange(change)]);
  }

  addMapper(row: MapperRow, conditions: readonly MapperCondition[], activate: boolean) {
    return this.#write("addMapper", [row, conditions, activate]);
  }

  activateMapper({ key, tenant, id }: Pick<MapperRow, "key" | "tenant" | "id">, instead: number | null) {
    return this.#write("activateMapper", [{ key, tenant, id }, instead]);
  }

  saveCore(row: CoreRow, since: Since) {
    return this.#write("saveCore", [row, this.#guard(row, since)]);
  }

  dropCores(at: number, limit: number) {
    return this.#write("dropCores", [at, limit]);
  }

  async saveSuggestions(rows: readonly SuggestionRow[], since: Since) {
    const [row] = rows;
    if (row === undefined) return { status: "written" } as const;
    return this.#write("saveSuggestions", [rows, this.#guard(row, since)]);
  }

  dropSuggestions(at: number, limit: number) {
    return this.#write("dropSuggestions", [at, limit]);
  }

  adjust(adjustment: Adjustment) {
    const mindscapes = adjustment.mindscapes.map((change) => this.#guardedChange(change));
    return this.#write("adjust", [{ ...adjustment, mindscapes }]);
  }

  addNarrative(row: NarrativeRow) {
    const owner = personHash(row.tenant, row.person, this.#salt);
    return this.#write("addNarrative", [{ ...row, owner, words: wordsOf(row.text).join(" ") }]);
  }

  async saveEmbedding(key: number, model: string, vector: Float32Array) {
    const { buffer, byteOffset, byteLength } = vector;
    await this.#write("saveEmbedding", [key, model, new Uint8Array(buffer, byteOffset, byteLength)]);
  }

  erasePerson(row: Omit<ErasureRow, "rows">, person: string) {
    return this.#write("erasePerson", [row, person]);
  }

  observationsNamed(...asked: Parameters<MappingReader["observationsNamed"]>) {
    return this.#read((reader) => reader.observationsNamed(...asked));
  }

  observations(...asked: Parameters<MappingReader["observations"]>) {
    return this.#read((reader) => reader.observations(...asked));
  }

  pendingObservations(...asked: Parameters<MappingReader["pendingObservations"]>) {
    return this.#read((reader) => reader.pendingObservations(...asked));
  }

  mindscape(...asked: Parameters<MappingReader["mindscape"]>) {
    return this.#read((reader) => reader.mindscape(...asked));
  }

  mindscapeOf(...asked: Parameters<MappingReader["mindscapeOf"]>) {
    return this.#read((reader) => reader.mindscapeOf(...asked));
  }

  mindscapeHistory(...asked: Parameters<MappingReader["mindscapeHistory"]>) {
    return this.#read((reader) => reader.mindscapeHistory(...asked));
  }

  mapper(...asked: Parameters<MappingReader["mapper"]>) {
    return this.#read((reader) => reader.mapper(...asked));
  }

  activeMapper(...asked: Parameters<MappingReader["activeMapper"]>) {
    return this.#read((reader) => reader.activeMapper(...asked));
  }

  newestMapper(...asked: Parameters<MappingReader["newestMapper"]>) {
    return this.#read((reader) => reader.newestMapper(...asked));
  }

  mappers(...asked: Parameters<MappingReader["mappers"]>) {
    return this.#read((reader) => reader.mappers(...asked));
  }

  mapperVersions(...asked: Parameters<MappingReader["mapperVersions"]>) {
    return this.#read((reader) => reader.mapperVersions(...asked));
  }

  core(...asked: Parameters<MappingReader["core"]>) {
    return this.#read((reader) => reader.core(...asked));
  }

  coreOf(...asked: Parameters<MappingReader["coreOf"]>) {
    return this.#read((reader) => reader.coreOf(...asked));
  }

  suggestion(...asked: Parameters<MappingReader["suggestion"]>) {
    return this.#read((reader) => reader.suggestion(...asked));
  }

  feedback(...asked: Parameters<MappingReader["feedback"]>) {
    return this.#read((reader) => reader.feedback(...asked));
  }

  pendingFeedback(...asked: Parameters<MappingReader["pendingFeedback"]>) {
    return this.#read((reader) => reader.pendingFeedback(...asked));
  }

  feedbackSums(...asked: Parameters<MappingReader["feedbackSums"]>) {
    return this.#read((reader) => reader.feedbackSums(...asked));
  }

  weights(...asked: Parameters<MappingReader["weights"]>) {
    return this.#read((reader) => reader.weights(...asked));
  }

  personalWeights(...asked: Parameters<MappingReader["personalWeights"]>) {
    return this.#read((reader) => reader.personalWeights(...asked));
  }

  weightLog(...asked: Parameters<MappingReader["weightLog"]>) {
    return this.#read((reader) => reader.weightLog(...asked));
  }

  narrativeOf(...asked: Parameters<MappingReader["narrativeOf"]>) {
    return this.#read((reader) => reader.narrativeOf(...asked));
  }

  narratives(...asked: Parameters<MappingReader["narratives"]>) {
    return this.#read((reader) => reader.narratives(...asked));
  }

  searchNarratives(...asked: Parameters<MappingReader["searchNarratives"]>) {
    return this.#read((reader) => reader.searchNarratives(...asked));
  }

  embeddings(...asked: Parameters<MappingReader["embeddings"]>) {
    return this.#read((reader) => reader.embeddings(...asked));
  }

  unembedded(...asked: Parameters<MappingReader["unembedded"]>) {
    return this.#read((reader) => reader.unembedded(...asked));
  }

  subject(...asked: Parameters<MappingReader["subject"]>) {
    return this.#read((reader) => reader.subject(...asked));
  }

  subjectNamed(...asked: Parameters<MappingReader["subjectNamed"]>) {
    return this.#read((reader) => reader.subjectNamed(...asked));
  }

  erasures(...asked: Parameters<MappingReader["erasures"]>) {
    return this.#read((reader) => reader.erasures(...asked));
  }

  #guardedChange(change: MindscapeChange) {
    return { ...change, ...this.#guard(change.row, change) };
  }

  #guard({ tenant, person }: { readonly tenant: string; readonly person: string }, { since }: Since): Guard {
    return { since, hash: personHash(tenant, person, this.#salt) };
  }
}
