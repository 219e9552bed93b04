/** Waiting in turns of the event loop instead of in time. */
import { setImmediate, setTimeout } from "node:timers/promises";

/** Sockets and pipes that this process has anyway. */
const others = sockets();

/**
 * Lets everything that needs no timer and no other thread come to rest; where the tests run over a database
 * (`PERSONA_TEST_STORE`) also what that is asked: connections keep the process alive exactly while they are busy.
 */
export async function turns(count = 30): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await setImmediate();
    for (; process.env["PERSONA_TEST_STORE"] !== undefined && sockets() > others; turn = 0) await setTimeout(1);
  }
}

/** Lets the event loop turn until the condition holds; fails after so many turns, however long those take. */
export async function until(condition: () => boolean | Promise<boolean>, most = 300_000): Promise<void> {
  for (let turn = 0; !(await condition()); turn += 1) {
    if (turn === most) throw new Error(`This did not come true in ${most} turns of the event loop: ${condition}`);
    // What takes longer is another thread's or process's, which may need the core.
    await (turn < 100 ? setImmediate() : setTimeout(1));
  }
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(Pipe|TCP|TLS)/.test(name)).length;
}
