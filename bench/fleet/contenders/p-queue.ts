/** A p-queue with concurrency 1 for each persona. */
import { peer } from "../../peers/peer.ts";
import type { OpenContender } from "../contenders.ts";

interface Queue {
  add(task: () => Promise<void>): Promise<void>;
}

export const open: OpenContender = async (personas, work) => {
  const { default: PQueue } = peer<{ default: new (options: { concurrency: number }) => Queue }>("p-queue");
  const queues = Array.from({ length: personas }, () => new PQueue({ concurrency: 1 }));
  return {
    submit: (persona, item) =>
      void queues[persona]?.add(() => work.handle(persona, item)).then(() => work.settled(item)),
  };
};
