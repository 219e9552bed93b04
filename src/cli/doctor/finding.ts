/** What one look of the doctor found. */
export interface Finding {
  readonly name: string;
  /** `warning` works, but not for long or not well; `failure` does not work. */
  readonly state: "ok" | "warning" | "failure";
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (name: string, found: string): Finding => ({ name, state: "ok", found });

export const warning = (name: string, found: string, advice: string): Finding => ({
  name,
  state: "warning",
  found,
  advice,
});

export const failure = (name: string, found: string, advice: string): Finding => ({
  name,
  state: "failure",
  found,
  advice,
});

export interface DatabaseFindings {
  readonly findings: readonly Finding[];
  /** The youngest moment that it knows of. */
  readonly newest: number | undefined;
}
