/** The tools that personas, roles and sequences name, held against those that the host has registered. */
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { EntrySource } from "../catalogue/schema.ts";
import { unknownTools } from "../catalogue/tools.ts";
import type { Toolbox } from "../cognition/toolbox.ts";
import { PersonaError } from "../errors.ts";
import { describeFaults } from "../faults.ts";
import type { PersonaWarning } from "../types.ts";
import { DEFAULT_TENANT } from "./scope.ts";

export class ToolNames {
  readonly #toolbox: Toolbox;
  readonly #warn: (warning: PersonaWarning) => void;

  constructor(toolbox: Toolbox, warn: (warning: PersonaWarning) => void) {
    this.#toolbox = toolbox;
    this.#warn = warn;
  }

  /** Throws `invalid_input` naming every tool that is not registered. */
  check(names: readonly string[]): void {
    const message = "is the name of no registered tool";
    const fields = names
      .map((name, index) => ({ name, field: `settings.tools[${index}]`, message }))
      .filter(({ name }) => !this.#toolbox.has(name))
      .map(({ field }) => ({ field, message }));
    if (fields.length > 0) throw new PersonaError("invalid_input", describeFaults(fields), { fields });
  }

  /** Warns of those that are not registered. */
  report(who: string, names: readonly string[]): void {
    const unknown = names.filter((name) => !this.#toolbox.has(name));
    if (unknown.length === 0) return;
    const message = `${who} may use ${unknown.join(", ")}, which no registered tool is called`;
    this.#warn({ code: "tool_unknown", message });
  }

  /** Warns of those in roles and sequences: of the default tenant, and what others have written. */
  reportCatalogue(catalogue: Catalogue): void {
    for (const tenant of new Set([DEFAULT_TENANT, ...catalogue.tenants])) {
      const isShown = ({ source }: { readonly source: EntrySource }) => tenant === DEFAULT_TENANT || source === "store";
      const { roles, sequences } = catalogue.tenant(tenant);
      const entries = { roles: roles.list().filter(isShown), sequences: sequences.list().filter(isShown) };
      const whose = tenant === DEFAULT_TENANT ? "" : ` of ${tenant}`;
      for (const { kind, id, names } of unknownTools(entries, (name) => this.#toolbox.has(name)))
        this.report(`The ${kind} ${id}${whose}`, names);
    }
  }
}
