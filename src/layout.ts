// Generated from native/src/layout.rs by native/generate.mjs. Do not edit.

export const SETTINGS_MAX_PARALLEL_TURNS = 0;
export const SETTINGS_MAX_QUEUED = 1;
export const SETTINGS_DEADLINE_MS = 2;
export const SETTINGS_PAUSED = 3;
export const SETTINGS_ON_UNKNOWN = 4;
export const SETTINGS_WINDOW_VOICE = 5;
export const SETTINGS_WINDOW_CHAT = 6;
export const SETTINGS_WINDOW_TASK = 7;
export const SETTINGS_WINDOW_BACKGROUND = 8;
export const SETTINGS_BREAKER_FAILURES = 9;
export const SETTINGS_BREAKER_OPEN_MS = 10;
export const SETTINGS_ROOM_GAP_MS = 11;
export const SETTINGS_ROOM_CAP = 12;
export const SETTINGS_UNDIRECTED = 13;
export const SETTINGS_TEMPERAMENT = 14;
export const SETTINGS_COMPLEXITY = 15;
export const SETTINGS_COMPUTE = 16;
export const SETTINGS_SIZE = 17;
export const ARM_ITEM = 1;
export const ARM_SLOT = 2;
export const ARM_CONVERSATION = 3;
export const ARM_LANE = 4;
export const ARM_PRIORITY = 5;
export const ARM_FLAGS = 6;
export const ARM_ENQUEUED_AT = 7;
export const ARM_NOT_BEFORE = 8;
export const ARM_EXPIRES_AT = 9;
export const ARM_MERGE_KEY = 10;
export const ARM_ATTEMPT = 11;
export const ARM_FAILURES = 12;
export const ARM_SIZE = 12;
export const COMPLETE_TURN = 1;
export const COMPLETE_OUTCOME = 2;
export const COMPLETE_RETRY_AT = 3;
export const COMPLETE_SIZE = 3;
export const HEAD_TURNS = 0;
export const HEAD_SETTLEMENTS = 1;
export const HEAD_EXPIRED = 2;
export const HEAD_FREED = 3;
export const HEAD_WOKEN = 4;
export const HEAD_WANTED = 5;
export const HEAD_DEADLINE = 6;
export const HEAD_MORE = 7;
export const HEAD_SIZE = 8;
export const TURN_TURN = 0;
export const TURN_SLOT = 1;
export const TURN_CONVERSATION = 2;
export const TURN_LANE = 3;
export const TURN_ATTEMPT = 4;
export const TURN_DEADLINE = 5;
export const TURN_FORMED_AT = 6;
export const TURN_WHY = 7;
export const TURN_EFFECTIVE_PRIORITY = 8;
export const TURN_WAITED_MS = 9;
export const TURN_ITEMS = 10;
export const TURN_SIZE = 11;
export const SETTLEMENT_ITEM = 0;
export const SETTLEMENT_SLOT = 1;
export const SETTLEMENT_TURN = 2;
export const SETTLEMENT_KIND = 3;
export const SETTLEMENT_REASON = 4;
export const SETTLEMENT_NOT_BEFORE = 5;
export const SETTLEMENT_ATTEMPT = 6;
export const SETTLEMENT_FAILURES = 7;
export const SETTLEMENT_FLAGS = 8;
export const SETTLEMENT_SIZE = 9;
export const STATUS_VOICE = 0;
export const STATUS_CHAT = 1;
export const STATUS_TASK = 2;
export const STATUS_BACKGROUND = 3;
export const STATUS_QUEUED = 4;
export const STATUS_IN_STORE = 5;
export const STATUS_IN_FLIGHT = 6;
export const STATUS_HELD = 7;
export const STATUS_HELD_SINCE = 8;
export const STATUS_HELD_UNTIL = 9;
export const STATUS_DRAINING = 10;
export const STATUS_BREAKER = 11;
export const STATUS_BREAKER_FAILURES = 12;
export const STATUS_BREAKER_UNTIL = 13;
export const STATUS_SLEEP = 14;
export const STATUS_SLEEP_UNTIL = 15;
export const STATUS_ENERGY = 16;
export const STATUS_DEBT = 17;
export const STATUS_PERSONAS = 18;
export const STATUS_BYTES = 19;
export const STATUS_SIZE = 20;
export const STRAND_CONVERSATION = 0;
export const STRAND_ITEM = 1;
export const STRAND_WAITING = 2;
export const STRAND_HELD = 3;
export const STRAND_SINCE = 4;
export const STRAND_UNTIL = 5;
export const STRAND_SIZE = 6;
export const LOAD_SLOT = 0;
export const LOAD_QUEUED = 1;
export const LOAD_IN_FLIGHT = 2;
export const LOAD_SIZE = 3;
export const HEARD_NUMBER = 0;
export const HEARD_STORM = 1;
export const HEARD_DUPLICATE = 2;
export const HEARD_SIZE = 3;
export const QUESTION_SEAT = 0;
export const QUESTION_PERSON = 1;
export const QUESTION_LIMIT = 2;
export const QUESTION_NOW = 3;
export const QUESTION_LENGTH = 4;
export const QUESTION_SIZE = 5;
export const TURNS_AT = 8;
export const ITEMS_AT = 1416;
export const SETTLEMENTS_AT = 3976;
export const EXPIRED_AT = 6460;
export const FREED_AT = 10556;
export const WOKEN_AT = 10812;
export const WANTED_AT = 11068;
export const BATCH_SIZE = 11324;
export const OP_ARM = 1;
export const OP_SETTLING = 2;
export const OP_COMPLETE = 3;
export const OP_SIZE = 13;
export const FLAG_URGENT = 1;
export const FLAG_MENTION = 2;
export const FLAG_HUMAN = 4;
export const FLAG_OWN = 8;
export const FLAG_ADMITTED = 16;
export const FLAG_ALONE = 32;
export const FLAG_UNKNOWN = 64;
export const FLAG_WAS_ALONE = 128;
export const FLAG_ROOM = 256;
export const FLAG_PERSONA = 512;
export const FLAG_ECHO = 1024;
export const FLAG_DUPLICATE = 2048;
export const FLAG_LATEST = 4096;
export const FLAG_ON_TOPIC = 8192;
export const FLAG_PAGED = 16384;
export const LANE = ["voice", "chat", "task", "background"] as const;
export const UNENROLL = ["drain", "return"] as const;
export const REFUSAL = ["unknown", "draining", "full"] as const;
export const WHY = ["urgent", "starved", "lane", "priority", "age", "only"] as const;
export const REASON = [
  "cognition_failed",
  "cognition_timeout",
  "expired",
  "unenrolled",
  "unknown_outcome",
  "own",
  "duplicate",
  "undirected",
  "echo",
  "room_cap",
  "superseded",
  "evicted",
] as const;
export const ON_UNKNOWN = ["retry", "ask", "drop"] as const;
export const OVERFLOW = ["page", "evict"] as const;
export const SLEEP = ["active", "mentioned_only", "human_only", "sleeping", "until_topic"] as const;
export const BREAKER = ["closed", "open", "half_open"] as const;
export const HELD = [
  "nothing",
  "paused",
  "asleep",
  "breaker_open",
  "breaker_probing",
  "busy",
  "fleet_busy",
  "backing_off",
  "room_gap",
  "overwhelmed",
  "tired",
  "paging",
] as const;
export const KIND = ["retry", "dead", "declined"] as const;
export const OUTCOME = ["done", "declined", "failed", "timed_out", "throttled", "cancelled"] as const;
export const VALUE = ["nothing", "null", "false", "true", "number", "text", "json", "as asked", "minute"] as const;
export const VOICE_TURN_LISTENING_THRESHOLD = 0;
export const VOICE_TURN_LISTENING_EXIT_THRESHOLD = 1;
export const VOICE_TURN_LISTENING_MIN_SPEECH_MS = 2;
export const VOICE_TURN_LISTENING_MIN_SILENCE_MS = 3;
export const VOICE_TURN_LISTENING_INTERRUPT_MS = 4;
export const VOICE_TURN_THINKING_THRESHOLD = 5;
export const VOICE_TURN_THINKING_EXIT_THRESHOLD = 6;
export const VOICE_TURN_THINKING_MIN_SPEECH_MS = 7;
export const VOICE_TURN_THINKING_MIN_SILENCE_MS = 8;
export const VOICE_TURN_THINKING_INTERRUPT_MS = 9;
export const VOICE_TURN_SPEAKING_THRESHOLD = 10;
export const VOICE_TURN_SPEAKING_EXIT_THRESHOLD = 11;
export const VOICE_TURN_SPEAKING_MIN_SPEECH_MS = 12;
export const VOICE_TURN_SPEAKING_MIN_SILENCE_MS = 13;
export const VOICE_TURN_SPEAKING_INTERRUPT_MS = 14;
export const VOICE_TURN_PREFIX_PADDING_MS = 15;
export const VOICE_TURN_MAX_TURN_MS = 16;
export const VOICE_TURN_PATIENCE_MS = 17;
export const VOICE_TURN_BACKCHANNEL_MS = 18;
export const VOICE_TURN_RECOVERY_MS = 19;
export const VOICE_TURN_IDLE_TIMEOUT_MS = 20;
export const VOICE_TURN_NO_AUDIO_TIMEOUT_MS = 21;
export const VOICE_TURN_SIZE = 22;
export const NEWS_VOICE = 0;
export const NEWS_KIND = 1;
export const NEWS_WORD = 2;
export const NEWS_AT = 3;
export const NEWS_UNTIL = 4;
export const NEWS_FROM = 5;
export const NEWS_SIZE = 6;
export const DETECTOR = ["refined", "network", "gated", "energy"] as const;
export const ENCODING = ["s16le", "f32", "mulaw", "alaw", "u8", "s24le", "s32le"] as const;
export const STANCE = ["listening", "thinking", "speaking"] as const;
export const CONTROL = ["stance", "complete", "confirm", "end_turn"] as const;
export const NEWS = [
  "speech_start",
  "speech_end",
  "turn_end",
  "interrupt",
  "interrupt_retracted",
  "misfire",
  "timeout",
  "damaged",
  "probability",
  "room",
  "finished",
  "failed",
] as const;
export const TURN_END = ["silence", "complete", "patience", "too_long", "told", "no_audio", "closed"] as const;
export const MISFIRE = ["short", "backchannel"] as const;
export const TIMEOUT = ["idle", "no_audio"] as const;
export const DAMAGE = ["not_finite", "half_sample"] as const;
export const WAV_FAULT = ["bad_wav", "wav_truncated", "unknown_encoding", "unknown_rate", "bad_channel"] as const;
export const LEVEL = ["low", "medium", "high"] as const;
export const VOICE_TURN_DEFAULTS = [
  0.5,
  Number.NaN,
  96,
  500,
  300,
  0.5,
  Number.NaN,
  96,
  500,
  300,
  0.6,
  Number.NaN,
  192,
  500,
  500,
  300,
  60000,
  Number.NaN,
  1000,
  2000,
  Number.NaN,
  Number.NaN,
] as const;
export const LEVEL_THRESHOLD = [0.7, 0.5, 0.35] as const;
export const LEVEL_MIN_SPEECH_MS = [250, 96, 64] as const;
export const LEVEL_MIN_SILENCE_MS = [800, 500, 250] as const;
export const LEVEL_PATIENCE_MS = [8000, 4000, 2000] as const;
