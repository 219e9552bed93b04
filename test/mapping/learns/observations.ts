/** How observations come in; part of the suite in `learns.ts`. */
import { describe, expect, it } from "vitest";
import {
  ANA,
  BEN,
  disturbed,
  FRIDAY,
  HOUR,
  MINUTE,
  type OpenStore,
  openStudy,
  over,
  record,
  refused,
  session,
  TENANT,
  traitsOf,
} from "../study.ts";

export function takesObservations(open: OpenStore): void {
  describe("observations", () => {
    it("are given back as they were sent, with their times as milliseconds", async () => {
      const study = await openStudy(open);
      const sent = { ...session("o1"), metadata: { app: "clock" }, observed_at: "2026-11-20T08:00:00+01:00" };
      const { observations, repeated } = await record(study, sent);
      const stored = { ...sent, person_id: ANA, observed_at: FRIDAY - 2 * HOUR, created_at: FRIDAY };
      expect({ observations, repeated }).toEqual({ observations: [stored], repeated: [] });
      expect(await study.observations.list(TENANT, ANA, { limit: 10 })).toEqual([stored]);
      expect(await study.observations.list(TENANT, BEN, { limit: 10 })).toEqual([]);
      expect(await study.observations.list("other", ANA, { limit: 10 })).toEqual([]);
    });

    it("are one, however often they are sent", async () => {
      const study = await openStudy(open);
      const first = await record(study, session("o1"));
      study.clock.advance(HOUR);
      expect(await record(study, session("o1"))).toEqual({ ...first, repeated: ["o1"] });
      const both = await record(study, [session("o1"), session("o2"), session("o2")]);
      expect(both.repeated).toEqual(["o1"]);
      expect(both.observations.map(({ id }) => id)).toEqual(["o1", "o2", "o2"]);
      await study.digest();
      expect((await traitsOf(study))["work.focus_duration"]?.sample_size).toBe(2);
    });

    it("cannot say something else under an id that was used, and then nothing of the list is written", async () => {
      const study = await openStudy(open);
      await record(study, session("o1"));
      const list = [session("o2"), session("o1", { duration_minutes: 5 })];
      await expect(record(study, list)).rejects.toEqual(refused("observation_conflict"));
      const twice = [session("o3"), session("o3", { duration_minutes: 5 })];
      await expect(record(study, twice)).rejects.toEqual(refused("invalid_input", "observations[1].id"));
      expect(await study.observations.list(TENANT, ANA, { limit: 10 })).toHaveLength(1);
      expect(await record(study, session("o1"), BEN)).toMatchObject({ repeated: [] });
    });

    it("are all or none, with everything that is wrong with any of them", async () => {
      const study = await openStudy(open);
      const list = [
        session("o1"),
        session("", { productivity_score: 9 }),
        session("o3", {}, { observed_at: FRIDAY + 6 * MINUTE }),
        session("o4", {}, { observed_at: "2026-11-20T09:00:00" }),
      ];
      const fields = [
        "observations[1].id",
        "observations[1].content.productivity_score",
        "observations[3].observed_at",
        "observations[2].observed_at",
      ];
      await expect(record(study, list)).rejects.toEqual(refused("invalid_input", ...fields));
      const others = [session("o1"), session("o2", {}, { person_id: BEN })];
      await expect(record(study, others)).rejects.toEqual(refused("invalid_input", "observations[1].person_id"));
      await expect(record(study, [])).rejects.toEqual(refused("invalid_input", "observations"));
      await expect(study.observations.record(TENANT, session("o1"))).rejects.toEqual(
        refused("invalid_input", "person_id"),
      );
      expect(await study.observations.list(TENANT, ANA, { limit: 10 })).toEqual([]);
      expect(study.asked).toEqual([]);
    });

    it("are of days that there are", async () => {
      const study = await openStudy(open);
      const on = (day: string) => record(study, session("o1", {}, { observed_at: `${day}T10:00:00Z` }));
      for (const day of ["2026-02-30", "2026-04-31", "2025-02-29"]) {
        await expect(on(day)).rejects.toEqual(refused("invalid_input", "observed_at"));
      }
      expect((await on("2024-02-29")).observations).toHaveLength(1);
    });

    it("are listed around one that is damaged, which says so", async () => {
      const study = await openStudy(open);
      await record(study, [session("o1"), session("o2"), session("o3")]);
      const { mapping } = study.store;
      const observations: typeof mapping.observations = async (page) =>
        (await mapping.observations(page)).map((row) => (row.id === "o2" ? { ...row, content: "{" } : row));
      const damaged = over(disturbed(study.store, { observations }), study.clock);
      const found = await damaged.observations.list(TENANT, ANA, { limit: 3 });
      expect(found.map(({ id, damaged }) => [id, damaged])).toEqual([
        ["o1", undefined],
        ["o2", true],
        ["o3", undefined],
      ]);
      expect(found[1]).toMatchObject({ person_id: ANA, content: {}, metadata: {} });
    });

    it("may be a little ahead of the clock, not more", async () => {
      const study = await openStudy(open);
      await record(study, session("o1", {}, { observed_at: FRIDAY + 5 * MINUTE }));
      const late = session("o2", {}, { observed_at: FRIDAY + 5 * MINUTE + 1 });
      await expect(record(study, late)).rejects.toEqual(refused("invalid_input", "observed_at"));
    });

    it("are listed page by page, by type and time", async () => {
      const study = await openStudy(open);
      const hours = [3, 2, 1];
      await record(
        study,
        hours.map((ago) => session(`o${ago}`, {}, { observed_at: FRIDAY - ago * HOUR })),
      );
      await record(study, { ...session("m"), type: "mood" });
      const ids = async (page: object) =>
        (await study.observations.list(TENANT, ANA, { limit: 10, ...page })).map(({ id }) => id);
      expect(await ids({ limit: 2 })).toEqual(["o3", "o2"]);
      expect(await ids({ after: "o2" })).toEqual(["o1", "m"]);
      expect(await ids({ type: "mood" })).toEqual(["m"]);
      expect(await ids({ from: FRIDAY - 2 * HOUR, to: FRIDAY - HOUR })).toEqual(["o2"]);
      await expect(ids({ after: "none" })).rejects.toEqual(refused("invalid_input", "after"));
    });
  });
}
