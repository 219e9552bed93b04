/** What every store does about sessions and their sequences; part of the suite in `behaviour.ts`. */
import { describe, expect, it } from "vitest";
import type { SequenceStepRow, SessionChange, SessionOpening, SessionRow, Store } from "../../src/store/port.ts";
import { appended, aSession, begun, NOW, settledByReply, withItems } from "./rows.ts";

function aSessionRow(conversation: number, over: Partial<SessionRow> = {}): SessionRow {
  return { conversation, snapshot: '{"Ünï":"çödé\\u0000"}', progress: "{}", version: 1, updatedAt: NOW, ...over };
}

function aStep(store: Store, conversation: number, over: Partial<SequenceStepRow> = {}): SequenceStepRow {
  return {
    key: store.allocate("sequence_step"),
    tenant: "default",
    conversation,
    turn: null,
    sequence: "tour",
    step: "hello",
    stepIndex: 0,
    status: "entered",
    reason: "began",
    verdict: null,
    at: NOW,
    ...over,
  };
}

/** The first row of a session, with one step. */
function anOpening(store: Store, conversation: number): SessionOpening {
  return { session: aSessionRow(conversation), steps: [aStep(store, conversation)] };
}

function aChange(store: Store, conversation: number, over: Partial<SessionChange> = {}): SessionChange {
  const step = aStep(store, conversation, { step: "end", stepIndex: 1, verdict: '{"met":true}', turn: 5 });
  return { conversation, expected: 1, progress: '{"step_index":1}', steps: [step], at: NOW + 1_000, ...over };
}

export function keepsSessions(opened: () => Promise<Store>): void {
  /** A store with a session that was opened on purpose. */
  async function withSession() {
    const store = await opened();
    const row = aSession(store, { direct: 0 });
    const opening = anOpening(store, row.key);
    const rev = await store.openSession(row, opening);
    return { store, row, opening, rev };
  }

  const kinds = async (store: Store, after: number) =>
    (await store.changes("default", after, 100)).rows.map(({ kind }) => kind);

  describe("sessions", () => {
    it("are opened with what they follow, and given back as they were", async () => {
      const { store, row, opening, rev } = await withSession();
      expect(rev).toBe(store.rev);
      expect(await store.conversation(row.key)).toEqual(row);
      expect(await store.session(row.key)).toEqual(opening.session);
      const [step] = opening.steps;
      expect(await store.sequenceStep(step?.key ?? 0)).toEqual(step);
      expect(await kinds(store, 0)).toEqual(["conversation", "sequence_step"]);
      expect(await store.session(404)).toBeUndefined();
      expect(await store.sequenceStep(404)).toBeUndefined();
    });

    it("stand beside each other and beside the direct one", async () => {
      const { store, row } = await withSession();
      const another = aSession(store, { direct: 0 });
      await store.openSession(another, anOpening(store, another.key));
      expect(await store.directSession("default", "user:7", 11)).toBeUndefined();
      const direct = aSession(store);
      await store.append({ ...withItems(store, 0, { conversation: direct.key }), open: direct });
      expect(await store.directSession("default", "user:7", 11)).toEqual(direct);
      expect(await store.conversation(row.key)).toEqual(row);
      await expect(store.openSession(another, anOpening(store, another.key))).rejects.toMatchObject({
        code: "internal",
      });
    });

    it("that are direct follow something from a message on, and never something else by another", async () => {
      const store = await opened();
      const open = aSession(store);
      const send = (session?: SessionOpening) =>
        store.append({ ...withItems(store, 1, { conversation: open.key }), open, ...(session && { session }) });
      await send();
      expect(await store.session(open.key)).toBeUndefined();
      const first = anOpening(store, open.key);
      await send(first);
      const second = { ...anOpening(store, open.key), session: aSessionRow(open.key, { snapshot: '"other"' }) };
      await send(second);
      expect(await store.session(open.key)).toEqual(first.session);
      expect(await store.sequenceStep(second.steps[0]?.key ?? 0)).toBeUndefined();
      expect(await kinds(store, 0)).toEqual(["conversation", "message", "sequence_step", "message", "message"]);
    });

    it("follow nothing by a message that is not stored", async () => {
      const store = await opened();
      const open = aSession(store);
      const { message } = await appended(store, 1);
      const session = anOpening(store, open.key);
      const twice = withItems(store, 1, { key: message.key, conversation: open.key });
      await expect(store.append({ ...twice, open, session })).rejects.toMatchObject({ code: "internal" });
      expect(await store.session(open.key)).toBeUndefined();
      expect(await store.sequenceStep(session.steps[0]?.key ?? 0)).toBeUndefined();
      expect(await store.conversation(open.key)).toBeUndefined();
    });

    it("are changed from the version that was read, and from no other", async () => {
      const { store, row, opening, rev } = await withSession();
      const change = aChange(store, row.key);
      const late = aChange(store, row.key, { progress: '{"late":true}' });
      const results = await Promise.all([store.changeSession(change), store.changeSession(late)]);
      expect(results).toEqual([{ status: "changed", rev: rev + 1 }, { status: "stale" }]);
      expect(await store.session(row.key)).toEqual({
        ...opening.session,
        progress: change.progress,
        version: 2,
        updatedAt: change.at,
      });
      expect(await store.sequenceStep(change.steps[0]?.key ?? 0)).toEqual(change.steps[0]);
      expect(await store.sequenceStep(late.steps[0]?.key ?? 0)).toBeUndefined();
      const refreshed = { expected: 2, snapshot: '{"new":1}', steps: [] };
      expect(await store.changeSession(aChange(store, row.key, refreshed))).toEqual({ status: "changed" });
      expect(await store.session(row.key)).toMatchObject({ snapshot: '{"new":1}', version: 3 });
      expect(await store.changeSession(aChange(store, 404))).toEqual({ status: "stale" });
      expect(store.rev).toBe(rev + 1);
    });

    it("come further by the settlement of a turn, or not at all", async () => {
      const { store, row, opening } = await withSession();
      const { items } = await appended(store, 1, { conversation: row.key });
      const turn = await begun(store, items);
      const before = store.rev;
      const stale = aChange(store, row.key, { expected: 7 });
      expect(await settledByReply(store, turn, 0, { session: stale })).toEqual({ status: "stale" });
      expect(store.rev).toBe(before);
      expect(await store.turn(turn.key)).toMatchObject({ outcome: null });
      expect(await store.counts()).toMatchObject({ inTurn: 1, answered: 0 });
      expect(await store.session(row.key)).toEqual(opening.session);

      const session = aChange(store, row.key);
      const settled = await settledByReply(store, turn, 0, { session });
      expect(settled).toEqual({ status: "settled", revs: [before + 1, before + 2, before + 3] });
      expect(await kinds(store, before)).toEqual(["message", "turn", "sequence_step"]);
      expect(await store.session(row.key)).toMatchObject({ progress: session.progress, version: 2 });

      const again = aChange(store, row.key, { expected: 2 });
      expect(await settledByReply(store, turn, 0, { session: again })).toEqual({ status: "late" });
      expect(await store.session(row.key)).toMatchObject({ version: 2 });
    });

    it("are closed once, with the last change to what they follow", async () => {
      const { store, row, rev } = await withSession();
      const stale = aChange(store, row.key, { expected: 9 });
      expect(await store.closeSession(row.key, NOW + 5, stale)).toEqual({ status: "stale" });
      expect(await store.conversation(row.key)).toMatchObject({ closedAt: null });
      const change = aChange(store, row.key);
      expect(await store.closeSession(row.key, NOW + 10, change)).toEqual({ status: "changed", rev: rev + 2 });
      expect(await store.closeSession(row.key, NOW + 20)).toEqual({ status: "changed" });
      expect(await store.conversation(row.key)).toEqual({ ...row, closedAt: NOW + 10 });
      expect(await store.session(row.key)).toMatchObject({ version: 2, progress: change.progress });
      expect(await kinds(store, rev)).toEqual(["conversation", "sequence_step"]);
    });

    it("that are direct make room for the next one when they are closed", async () => {
      const store = await opened();
      const first = aSession(store);
      await store.append({ ...withItems(store, 0, { conversation: first.key }), open: first });
      await store.closeSession(first.key, NOW + 10);
      expect(await store.directSession("default", "user:7", 11)).toBeUndefined();
      const next = aSession(store);
      await store.append({ ...withItems(store, 0, { conversation: next.key }), open: next });
      expect(await store.directSession("default", "user:7", 11)).toEqual(next);
    });
  });
}
