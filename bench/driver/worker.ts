/** A worker thread with a busy fleet, which goes on until it is ended from outside. */
import { parentPort, workerData } from "node:worker_threads";
import { type Driver, type DriverName, openDriver } from "./drivers.ts";

let key = 0;
const driver: Driver = openDriver(workerData as DriverName, 1_000, (turn) => {
  driver.complete(turn);
  driver.arm(++key);
  if (key === 10_000) parentPort?.postMessage("busy");
});
while (key < 512) driver.arm(++key);
