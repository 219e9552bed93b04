/** A fastq with concurrency 1 for each persona. */
import { peer } from "../../peers/peer.ts";
import type { OpenContender } from "../contenders.ts";

type Done = (error: Error | null, item: number) => void;
type Fastq = (
  worker: (item: number, done: Done) => void,
  concurrency: number,
) => { push(item: number, done: Done): void };

export const open: OpenContender = async (personas, work) => {
  const fastq = peer<Fastq>("fastq");
  const settled: Done = (_error, item) => work.settled(item);
  const queues = Array.from({ length: personas }, (_, persona) =>
    fastq((item, done) => void work.handle(persona, item).then(() => done(null, item)), 1),
  );
  return { submit: (persona, item) => queues[persona]?.push(item, settled) };
};
