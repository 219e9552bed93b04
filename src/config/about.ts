/** What is said of a key of the configuration. */
import * as z from "zod";

export interface About {
  /** One line, without a full stop at its end. */
  readonly description: string;
  /** A flag of its own, with the word that stands for its value: `--port PORT`. Every key has `--set KEY=VALUE`. */
  readonly flag?: string;
  /** Never shown; it may also be given as `{ env = "NAME" }` or `{ file = "PATH" }`. */
  readonly secret?: boolean;
  /** A file or folder: a relative one in a configuration file is meant from the folder of that file. A URL is none. */
  readonly path?: boolean;
  /** How the library names it, where that does not follow from the name here. */
  readonly library?: string;
  /** Words that `path` leaves as they are. */
  readonly words?: readonly string[];
  /** How a value is shown that may hold a secret. */
  readonly shown?: (value: string) => string;
  /** What the example file shows when there is no default; of a table with chosen names, the name. */
  readonly example?: unknown;
}

export const about = z.registry<About>();
