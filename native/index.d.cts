/** What only the addon can look into. */
type Handle = unknown
type Mapper = unknown
type Beside = unknown
type Hearing = unknown
type Labelled = unknown
type Tallied = unknown
export declare class ExternalObject<T> {
  readonly '': {
    readonly '': unique symbol
    [K: symbol]: T
  }
}

/**
 * Which binding artifact the generated loader actually loaded: `'native'` for
 * a native addon, otherwise the `platformArchABI` of the WASI flavor. Every
 * flavor napi-rs can build is listed, because `NAPI_RS_NATIVE_LIBRARY_PATH`
 * can point the loader at a WASI artifact this package does not build itself.
 */
export declare const __napiBindingTarget: 'native' | 'wasm32-wasi' | 'wasm32-wasip1'

/** A WAV file and its labels, both checked before. */
export declare function clipCreate(file: Uint8Array, labels: string): ExternalObject<Labelled>

/** 8000 or 16000. */
export declare function clipRate(clip: ExternalObject<Labelled>): number

/** From -1 to 1. */
export declare function clipSamples(clip: ExternalObject<Labelled>): Float32Array

/** The probability for each frame of a detector: of 8 ms (`refined`) or 32 ms. */
export declare function clipScores(clip: ExternalObject<Labelled>, detector: string): Float32Array

/** The clip over a bad line or in noise; `variant` is a name of `VARIANTS`. */
export declare function clipVaried(clip: ExternalObject<Labelled>, variant: string, seed: number): ExternalObject<Labelled>

/**
 * Writes the cosine of `query` and each of the vectors that lie in `packed`, one behind the other, into `scores`; 0
 * where there is no direction, in a vector of zeros. Each of them must be as long as `query`.
 */
export declare function cosines(query: Float32Array, packed: Float32Array, scores: Float64Array): void

/** Reserves room for `n` items. Gives 0, or one more than the place of the refusal in `REFUSAL`. */
export declare function fleetAdmit(handle: ExternalObject<Handle>, slot: number, n: number): number

/** Lets the memory go; every later call on the handle is an error. */
export declare function fleetClose(handle: ExternalObject<Handle>): void

/** Changes the settings of a persona; false if it is gone. */
export declare function fleetConfigure(handle: ExternalObject<Handle>, slot: number, settings: Float64Array, now: number): boolean

/** Makes an empty fleet. */
export declare function fleetCreate(maxTurnsInFlight: number, seed: number, overflow: number): ExternalObject<Handle>

/**
 * Whether an item with these flags need not be admitted, as it would be declined at once: 0 if not, or one more than
 * the place of the reason in `REASON`.
 */
export declare function fleetDeclines(handle: ExternalObject<Handle>, slot: number, flags: number): number

/**
 * Takes operations in and gives turns and settlements out: all that happens in one turn of the event loop.
 *
 * `operations` holds records of `OP_SIZE` doubles, `batch` has `BATCH_SIZE`. Without `dispatch` no turns are
 * formed.
 */
export declare function fleetDrive(handle: ExternalObject<Handle>, now: number, dispatch: boolean, operations: Float64Array, batch: Float64Array): void

/** Adds a persona; gives its slot. */
export declare function fleetEnroll(handle: ExternalObject<Handle>, settings: Float64Array, now: number): number

/** Takes note of a message in a room. `content` stands for who says what; 0 is like nothing else. */
export declare function fleetHear(handle: ExternalObject<Handle>, room: number, human: boolean, content: number, now: number, heard: Float64Array): void

/** Writes whoever has something waiting or in a turn, as many as fit; gives how many they are. */
export declare function fleetLoads(handle: ExternalObject<Handle>, loads: Float64Array): number

/** Gives back room whose items were not written. */
export declare function fleetRelease(handle: ExternalObject<Handle>, slot: number, n: number): void

/** Puts a persona to sleep until a moment (`NaN`: none), or wakes it; false if it is gone. */
export declare function fleetSleep(handle: ExternalObject<Handle>, slot: number, mode: number, until: number, now: number): boolean

/** Counts of one persona, or of the fleet if `slot` is `NaN`; zeros for a persona that is gone. */
export declare function fleetStatus(handle: ExternalObject<Handle>, slot: number, status: Float64Array): void

/** The clock was moved forward by so many milliseconds at once, since the last drive. */
export declare function fleetStepped(handle: ExternalObject<Handle>, by: number): void

/** Starts the end of a persona; the slot is reported as freed by a later drive. */
export declare function fleetUnenroll(handle: ExternalObject<Handle>, slot: number, mode: number): void

/** Takes back a message that was not written after all. */
export declare function fleetUnhear(handle: ExternalObject<Handle>, room: number, number: number): void

/** Says why the conversations of a persona wait: as many records as there are and fit. Gives their number. */
export declare function fleetWhy(handle: ExternalObject<Handle>, slot: number, strands: Float64Array): number

/** Scores on one grid; what is missing does not exist without speech, or without silence. */
export interface GridScores {
  /** Labelled frames or cells. */
  count: number
  rocAuc?: number
  averagePrecision?: number
  bestF1?: number
  /** Of the best F1. */
  threshold?: number
  /** F1 at 0.5. */
  f1?: number
}

/** Takes the function that is called when there is news. */
export declare function hearingCreate(wake: () => void): ExternalObject<Hearing>

/** Closes all voices. When it returns, nobody is woken any more, and threads without voices are gone. */
export declare function hearingShut(hearing: ExternalObject<Hearing>): void

/** The line, counted from 1, that is no label; nothing if all are. */
export declare function labelsFault(csv: string): number | null

/** The layout as lines of TypeScript; `native/generate.mjs` writes them to `src/layout.ts`. */
export declare function layout(): string

/** What a document is about, as JSON: `{id, rules, traits, keys, required, queries, fields, words}`. */
export declare function rulesAbout(mapper: ExternalObject<Mapper>): string

/** Compiles a document; gives its faults as JSON (`[{field, code, message}]`) if it has any. */
export declare function rulesCompile(document: string, maxBytes: number, maxRules: number): ExternalObject<Mapper> | string

/** A crowd without anybody. */
export declare function rulesCrowd(mapper: ExternalObject<Mapper>): ExternalObject<Beside>

/** Explains rules, as a JSON list in the order of their indexes here. */
export declare function rulesExplain(beside: ExternalObject<Beside>, person: number, now: number, ask: Float64Array, rest: string | undefined | null, rules: Float64Array): string

/** Sets personal factors: pairs of a rule and its factor. */
export declare function rulesFactors(beside: ExternalObject<Beside>, person: number, pairs: Float64Array): void

/** A function as that of `rules_suggester`, which writes how many rules fire, and their indexes, ascending. */
export declare function rulesFinder(mapper: ExternalObject<Mapper>): (arg0: Float64Array, arg1?: string | undefined | null) => void

/** Lets the memory go; every later call on the handle is an error. */
export declare function rulesFree(beside: ExternalObject<Beside>): void

/** Adds somebody to a crowd; gives the number that further calls take. */
export declare function rulesJoin(beside: ExternalObject<Beside>): number

/** A function of a seat, a person, a key and a number, which sets that person's trait to the number. */
export declare function rulesLearner(mapper: ExternalObject<Mapper>): (arg0: number, arg1: number, arg2: number, arg3: number) => void

/** Lets somebody of a crowd go. */
export declare function rulesLeave(beside: ExternalObject<Beside>, person: number): void

/**
 * Writes pairs of a rule and somebody of a crowd for whom it fires into the room, by rule, then by person; gives how
 * many there are. What does not fit is only counted.
 */
export declare function rulesMatches(beside: ExternalObject<Beside>, now: number, ask: Float64Array, rest: string | undefined | null, room: Uint32Array): number

/**
 * A person with what is known: a zone, traits as a JSON object by key, scores by query (`NaN` for none), pairs of a
 * rule and a personal factor.
 */
export declare function rulesPerson(mapper: ExternalObject<Mapper>, zone: string | undefined | null, traits: string | undefined | null, scores: Float64Array, factors: Float64Array): ExternalObject<Beside>

/** Sets the best score of a narrative query; `NaN` removes it. */
export declare function rulesScore(beside: ExternalObject<Beside>, person: number, query: number, score: number): void

/** The number of the seat, which the closures take. */
export declare function rulesSeat(beside: ExternalObject<Beside>): number

/** Sets the trait of a key: a value as the context's fields are packed, JSON in `json`. */
export declare function rulesSet(beside: ExternalObject<Beside>, person: number, key: number, kind: number, payload: number, json?: string | undefined | null): void

/** Sets traits: an object of values by key, as JSON. Those that nothing reads are passed over. */
export declare function rulesSetAll(beside: ExternalObject<Beside>, person: number, traits: string): void

/** Sets shared weights, all of them or none: pairs of a rule and its weight. */
export declare function rulesSetWeights(mapper: ExternalObject<Mapper>, pairs: Float64Array): void

/** What never changes of a rule, as JSON. */
export declare function rulesSheet(mapper: ExternalObject<Mapper>, rule: number): string

/**
 * A function of a desk and what JSON goes with the question on it, which answers with suggestions as
 * `persona_rules::Packed` has them: the text is returned if there is any, the numbers are written to the desk. If they
 * do not fit, it begins with -1 and how many they are.
 */
export declare function rulesSuggester(mapper: ExternalObject<Mapper>): (arg0: Float64Array, arg1?: string | undefined | null) => string | null

/** As `rules_person` and a call of `rules_suggester`, in one, of which nothing stays. */
export declare function rulesSuggestOnce(mapper: ExternalObject<Mapper>, zone: string | undefined | null, traits: string | undefined | null, scores: Float64Array, factors: Float64Array, desk: Float64Array, rest?: string | undefined | null): string | null

/** The shared weight of a rule. */
export declare function rulesWeight(mapper: ExternalObject<Mapper>, rule: number): number

/** Sets the time zone of a person. */
export declare function rulesZone(beside: ExternalObject<Beside>, person: number, name: string): void

/** Whether the end of a partial transcript sounds as if the speaker were done. */
export declare function soundsFinished(transcript: string): boolean

/** Lets the memory go; every later call on the handle is an error. */
export declare function speechClose(handle: ExternalObject<Handle>): void

/** Tells a control, by its place in `CONTROL`, with its value; gives how many news there are to read. */
export declare function speechControl(handle: ExternalObject<Handle>, control: number, value: number): number

/** Opens a stream. `format` has rate, encoding, channels and channel. */
export declare function speechCreate(detector: number, format: Float64Array, turn: Float64Array, probabilities: boolean): ExternalObject<Handle>

/** No more bytes will come; gives how many news there are to read. */
export declare function speechFinish(handle: ExternalObject<Handle>): number

/** Writes news, as many records as there are and fit; gives their number. */
export declare function speechNews(handle: ExternalObject<Handle>, news: Float64Array): number

/** Computes bytes; gives how many news there are to read. */
export declare function speechProcess(handle: ExternalObject<Handle>, bytes: Uint8Array): number

/** The sound between two times in milliseconds; nothing if it is not kept. */
export declare function speechSound(handle: ExternalObject<Handle>, from: number, to: number): Int16Array | null

/** Adds what a detector scored on a clip: one score for each `hop_ms` of it. */
export declare function tallyAdd(tally: ExternalObject<Tallied>, clip: ExternalObject<Labelled>, scores: Float32Array, hopMs: number): void

/** An empty tally. */
export declare function tallyCreate(): ExternalObject<Tallied>

/** How much more one detector has of a figure than another. */
export interface TallyGain {
  value: number
  /** 95 of 100 draws of the clips are between this and `high`. */
  low: number
  high: number
  /** The share of the draws with a gain above 0. */
  aboveZero: number
}

/** A paired bootstrap over the clips, which both tallies must have in the same order. */
export declare function tallyGains(tally: ExternalObject<Tallied>, other: ExternalObject<Tallied>, rounds: number, seed: number): TallyGains

/** Gains in the causal figures, and in the median end, where less is better. */
export interface TallyGains {
  rocAuc?: TallyGain
  bestF1?: TallyGain
  f1?: TallyGain
  endMedianMs?: TallyGain
}

/** Over all clips together. */
export declare function tallyScores(tally: ExternalObject<Tallied>): TallyScores

/** What a detector scored on all clips of a tally. */
export interface TallyScores {
  /** Each frame against the label at its middle. */
  frames: GridScores
  /** Every 10 ms, what was known by then. */
  causal: GridScores
  /** From a labelled end to the first frame below 0.5: median and 90th percentile. */
  endMedianMs?: number
  endLateMs?: number
  /** Ends that were found, and silences of 200 ms and more in which none was. */
  ends: number
  endsMissed: number
}

/** Lets the time pass without sound. Without effect where too many words wait: then sound has come, or controls. */
export declare function voiceCheck(hearing: ExternalObject<Hearing>, id: number, now: number): void

/** Lets a voice go. What is posted of it later is nobody's. */
export declare function voiceClose(hearing: ExternalObject<Hearing>, id: number): void

/**
 * Tells a control, by its place in `CONTROL`, with its value; answers whether there was room, or nothing if the voice has
 * ended.
 */
export declare function voiceControl(hearing: ExternalObject<Hearing>, id: number, control: number, value: number): boolean | null

/** No more bytes will come. Without effect if the voice has ended before. */
export declare function voiceFinish(hearing: ExternalObject<Hearing>, id: number): void

/** Writes news, as many records as there are and fit; gives their number. If the array is full, there may be more. */
export declare function voiceNews(hearing: ExternalObject<Hearing>, news: Float64Array): number

/** Opens a voice under an id that is given once. `format` has rate, encoding, channels and channel. */
export declare function voiceOpen(hearing: ExternalObject<Hearing>, id: number, detector: number, format: Float64Array, turn: Float64Array, probabilities: boolean): void

/** Gives bytes; answers how many were taken, or -1 if the voice has ended. */
export declare function voicePush(hearing: ExternalObject<Hearing>, id: number, bytes: Uint8Array, now: number): number

/** The sound between two times in milliseconds; nothing if it is not kept. */
export declare function voiceSound(hearing: ExternalObject<Hearing>, id: number, from: number, to: number): Int16Array | null

/** Rate, encoding, channels, and where the samples begin and end; or the place of its fault in `WAV_FAULT` alone. */
export declare function wavParse(file: Uint8Array): Array<number>
