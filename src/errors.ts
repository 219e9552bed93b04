/**
 * Every failure that a caller can expect, in one table: the code, the HTTP status it answers with,
 * and a title. The message of an error says what to do; the code never changes.
 */
export const ERRORS = {
  // What was asked
  invalid_input: [422, "The input is not valid"],
  unparsable_body: [400, "The body could not be read as JSON"],
  unsupported_media_type: [415, "The body must be application/json"],
  body_too_large: [413, "The body is too large"],
  malformed_request: [400, "The request is not valid HTTP"],
  request_timeout: [408, "The request did not arrive in time"],
  headers_too_large: [431, "The request's headers are too large"],
  route_not_found: [404, "There is no such route"],
  method_not_allowed: [405, "This route does not answer that method"],
  upgrade_required: [426, "This route speaks WebSocket"],
  foreign_host: [403, "The Host header does not name this server"],
  foreign_origin: [403, "Web pages of another origin may not call this server"],
  unauthenticated: [401, "The request does not say who makes it"],
  forbidden: [403, "This takes another role"],
  admin_required: [403, "The catalogue is changed by administrators"],
  rate_limited: [429, "Too many requests"],
  too_many_streams: [429, "Too many streams and sockets at once"],
  overloaded: [503, "The server is overloaded"],
  identity_unavailable: [503, "The keys that tokens are signed with cannot be fetched"],
  key_not_found: [404, "There is no such API key"],
  persona_not_found: [404, "There is no such persona"],
  room_not_found: [404, "There is no such room"],
  session_not_found: [404, "There is no such session"],
  session_closed: [409, "The session is closed"],
  session_damaged: [500, "What the session follows is damaged"],
  enrollment_damaged: [500, "What the persona was enrolled with is damaged"],
  persona_inline: [409, "The persona is not one of the catalogue"],
  dead_letter_not_found: [404, "There is no such dead letter"],
  tool_call_not_found: [404, "There is no such tool call that waits for an answer"],
  turn_not_found: [404, "There is no such turn, reply, message or item"],
  idempotency_conflict: [422, "The idempotency key was used for another message"],
  // The catalogue
  invalid_persona: [422, "The persona is not valid"],
  invalid_role: [422, "The role is not valid"],
  invalid_sequence: [422, "The sequence is not valid"],
  role_not_found: [404, "There is no such role"],
  sequence_not_found: [404, "There is no such sequence"],
  step_not_found: [422, "The sequence has no such step"],
  step_not_current: [409, "The session has not come to this step yet"],
  step_incomplete: [409, "The step is not complete"],
  entry_damaged: [500, "The stored entry is damaged"],
  already_exists: [409, "There is one with this id"],
  referenced: [409, "Others still refer to it"],
  version_required: [428, "A change must say which version it changes"],
  version_conflict: [412, "Somebody has changed it meanwhile"],
  writes_disabled: [405, "The catalogue cannot be written"],
  persist_failed: [500, "The change could not be stored"],
  // Mapping: what is observed, learned and said of it
  invalid_mapper: [422, "The mapper is not valid"],
  mapper_not_found: [404, "There is no such mapper"],
  mapper_inactive: [409, "No version of the mapper is active"],
  mapper_damaged: [500, "The stored mapper is damaged"],
  core_stale: [409, "The persona core is stale"],
  core_not_found: [404, "There is no such persona core"],
  person_not_found: [404, "There is no such person"],
  person_erased: [409, "The person was erased meanwhile"],
  observation_conflict: [409, "There is another observation with this id"],
  mindscape_not_found: [404, "There is no such mindscape"],
  mindscape_damaged: [500, "The stored mindscape is damaged"],
  mindscape_contended: [503, "Others keep changing it"],
  extractor_failed: [500, "An extractor could not read an observation"],
  suggestion_not_found: [404, "There is no such suggestion"],
  feedback_conflict: [409, "There is other feedback with this id"],
  embedding_invalid: [502, "The model did not embed a text"],
  feedback_limit: [429, "There was enough feedback for today"],
  // Admission: nothing was stored, the caller may try again
  persona_draining: [409, "The persona is being unenrolled"],
  inbox_full: [429, "The persona's inbox is full"],
  runtime_closed: [503, "The runtime is closed"],
  // What became of an accepted item
  declined: [409, "The persona declined to answer"],
  dead: [500, "The item was given up and is kept as a dead letter"],
  turn_conflict: [409, "An item of the turn is not where the turn expects it"],
  // Budgets
  budget_exhausted: [429, "A budget is exhausted"],
  price_unknown: [422, "A model under a budget in dollars has no price"],
  // Cognition
  cognition_failed: [502, "The persona's cognition failed"],
  cognition_invalid: [502, "The persona's cognition answered something that is not a reply"],
  cognition_timeout: [504, "The persona's cognition did not answer before its deadline"],
  provider_unknown: [422, "No such provider of models is configured"],
  provider_failed: [502, "The provider of the model failed"],
  provider_unavailable: [503, "The provider of the model cannot be used at the moment"],
  provider_throttled: [503, "The provider of the model asks to be called later"],
  judge_invalid: [502, "The judge of exit criteria gave no verdict"],
  judge_timeout: [504, "The judge of exit criteria did not answer in time"],
  // Tools
  tool_invalid: [502, "A tool was called with arguments that it does not take"],
  tool_failed: [502, "A tool failed"],
  tool_timeout: [504, "A tool did not answer in time"],
  tool_limit: [502, "A turn called its tools too often"],
  tool_cancelled: [409, "The turn was over before its tool had answered"],
  // The store
  store_locked: [503, "Another process owns this database"],
  store_corrupt: [500, "The database is damaged"],
  store_foreign: [500, "The file is not a persona-runtime database"],
  store_newer: [500, "The database was written by a newer version"],
  store_read_only: [503, "The database cannot be written"],
  store_full: [507, "There is no space left for the database"],
  store_unavailable: [503, "The database cannot be reached"],
  store_fenced: [503, "Another process took this database over"],
  // What is called over the network
  url_refused: [502, "The URL may not be called"],
  response_too_large: [502, "The answer from the network is too large"],
  // Voices
  voice_closed: [409, "The voice is closed"],
  voice_busy: [429, "Too many controls of the voice wait"],
  voice_failed: [503, "The voice cannot be computed"],
  sound_gone: [404, "The sound of this time is not kept"],
  wav_invalid: [422, "The file is no WAV file that can be read"],
  wav_truncated: [422, "The WAV file is shorter than its header says"],
  // Recordings
  recording_unreadable: [404, "The recording cannot be read"],
  recording_invalid: [422, "The file is not a whole recording"],
  recording_differs: [409, "A recorded turn comes out otherwise"],
  // The process
  package_missing: [500, "An optional package is not installed"],
  addon_missing: [500, "The native addon could not be loaded"],
  driver_failed: [503, "The native service cycle failed"],
  node_too_old: [500, "This Node.js version is too old"],
  server_unreachable: [503, "No server answers at this address"],
  server_foreign: [502, "What answers is no persona-runtime server"],
  config_invalid: [500, "The configuration is not valid"],
  port_in_use: [500, "The port is in use"],
  bind_refused: [500, "The address cannot be bound"],
  internal: [500, "Something went wrong inside persona-runtime"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** One broken field of an input: where it is (`members[0].id`), and what would be right. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
  /** In a mapper document: a stable word for what is wrong there. */
  readonly code?: string | undefined;
  /** In a mapper document: the line of its text, counted from 1. */
  readonly line?: number | undefined;
}

/** What refers to an entry of the catalogue. */
export interface Referrer {
  readonly kind: "persona";
  readonly id: string;
  /** By which field. */
  readonly field: string;
}

export interface PersonaErrorOptions {
  readonly cause?: unknown;
  /** Every broken field, for `invalid_*`. */
  readonly fields?: readonly FieldFault[];
  /** For `referenced`. */
  readonly referrers?: readonly Referrer[];
  /** Milliseconds after which the same call may succeed. */
  readonly retryAfterMs?: number;
}

/** The one class of errors that this package throws on purpose. */
export class PersonaError extends Error {
  override readonly name = "PersonaError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly fields: readonly FieldFault[];
  readonly referrers: readonly Referrer[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: PersonaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = ERRORS[code][0];
    this.fields = options.fields ?? [];
    this.referrers = options.referrers ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}
