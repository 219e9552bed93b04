/** A chain of models as a cognition: it has room when one of them can be called. */
import type { Admission, Wait } from "../cognition/admission.ts";
import type { Cognition, ResolvedSession } from "../types.ts";
import { answer, type Chain, type Start, shut } from "./answer.ts";
import type { Line } from "./call.ts";
import { tune } from "./tuning.ts";

export function cognitionOf(chain: Chain): Cognition {
  const roams = chain.length > 1;
  const admission: Admission = {
    enter(guest, again) {
      const start = enter(chain, guest);
      if (!("gate" in start)) {
        return { answer: (turn) => answer(turn, chain, start), leave: () => start.lease?.drop() };
      }
      return waitAt(start, guest, again, roams);
    },
  };
  // Called by itself, it was asked by nobody whether it has room: it waits inside of the turn, or throws.
  const cognition: Cognition = async (turn) => {
    const start = enter(chain, turn);
    if (!("gate" in start)) {
      try {
        return await answer(turn, chain, start);
      } finally {
        // Held still if it came to no call.
        start.lease?.drop();
      }
    }
    if (start.gate.obstacle !== "provider_busy") throw shut(chain);
    return answer(turn, chain, { at: chain.indexOf(start), lease: undefined });
  };
  return Object.assign(cognition, {
    admission,
    models: chain.map(({ name }) => name),
    // Those that stand in for it may honour less.
    notHonoured: (session: ResolvedSession) => tune(session, chain[0].options.abilities).notHonoured,
  });
}

/** The first of the chain that is not shut: room there, or the line to wait for. */
function enter(chain: Chain, guest: object): Start | Line {
  for (const [at, line] of chain.entries()) {
    const lease = line.gate.enter(guest);
    if (lease !== undefined) return { at, lease };
    if (line.gate.obstacle === "provider_busy") return line;
  }
  // All are shut: the one that opens first. A probe that is under way may end at any moment.
  return chain.reduce((first, line) => ((line.gate.until ?? 0) < (first.gate.until ?? 0) ? line : first));
}

function waitAt({ gate }: Line, guest: object, again: () => void, roams: boolean): Wait {
  const cancel = gate.wait(guest, { again, roams, runs: false });
  return {
    get obstacle() {
      return gate.obstacle;
    },
    get until() {
      return gate.until;
    },
    cancel,
  };
}
