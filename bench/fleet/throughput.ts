/** Case: how many items a second one contender carries, when there are always more. */
import { measured } from "../support/isolated.ts";
import { type Cost, costOf } from "../support/meter.ts";
import { CheckedWork } from "./checked-work.ts";
import { type ContenderName, openContender } from "./contenders.ts";
import { offer } from "./offer.ts";

export interface ThroughputOptions {
  readonly contender: ContenderName;
  readonly personas: number;
  readonly seconds: number;
}

export interface Throughput extends Cost {
  readonly items: number;
}

await measured(async ({ contender: name, personas, seconds }: ThroughputOptions): Promise<Throughput> => {
  const work = new CheckedWork(personas);
  const contender = await openContender(name, personas, work);
  const offerFor = (seconds: number, first: number) => {
    const end = performance.now() + 1000 * seconds;
    return offer(contender, work, { personas, first, more: () => performance.now() < end });
  };
  // For the compiler, and so that the memory of many first items is there.
  const first = await offerFor(seconds / 2, 1);
  let next = first;
  const cost = await costOf(async () => {
    next = await offerFor(seconds, first);
  });
  await contender.close?.();
  return { ...cost, items: next - first };
});
