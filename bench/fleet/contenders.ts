/** Whoever can host many personas, behind one face. Each is loaded only in the process that measures it. */

export const CONTENDERS = {
  cycle: "persona-runtime, handles",
  runtime: "persona-runtime, `send`",
  timers: "timer loop per persona, 250 ms",
  "ready-list": "JavaScript loop, ready list",
  "ruled-list": "the same with order, bounds, deadlines",
  fastq: "fastq per persona",
  "p-queue": "p-queue per persona",
} as const;

export type ContenderName = keyof typeof CONTENDERS;

export interface Contender {
  /** Hands in an item for a persona, 0 to one less than their number. Items are numbered 1, 2, 3… */
  submit(persona: number, item: number): void;
  /** Memory outside the JavaScript heap that it counts itself. */
  readonly nativeBytes?: number;
  /** Does not wait for what is unanswered. */
  close?(): Promise<void>;
}

/** What is done with the items, and told of them. */
export interface Work {
  /** The item can be handed out from now on; said only by a contender that does something else with it first. */
  armed(item: number): void;
  /** Called once for each item: in order and one at a time for each persona. Never rejects. */
  handle(persona: number, item: number): Promise<void>;
  /** The contender has finished with the item. */
  settled(item: number): void;
}

export type OpenContender = (personas: number, work: Work) => Promise<Contender>;

export async function openContender(name: ContenderName, personas: number, work: Work): Promise<Contender> {
  const { open } = (await import(`./contenders/${name}.ts`)) as { open: OpenContender };
  return open(personas, work);
}
