/** The personas that do the work of mapping: hidden, on the background lane, each subject in a conversation of its own. */
import type { Clock } from "../clock.ts";
import { PersonaError } from "../errors.ts";
import { decodeId, encodeId } from "../ids.ts";
import type { Conversations } from "../runtime/conversations.ts";
import { type Intake, refusalError, type Scheduling } from "../runtime/intake.ts";
import type { Persona } from "../runtime/persona.ts";
import type { Personas } from "../runtime/personas.ts";
import type { Along } from "../store/mapping/port.ts";
import type { ConversationRow, Sender, Store } from "../store/port.ts";
import type { Cognition, SettingsInput } from "../types.ts";
import { AGENTS, type Agent, type AgentName, type Agents, type Enqueued } from "./types.ts";

/** What an agent is told says nothing of its subject: that stands where an erasure finds it. */
const ROSTER: Readonly<Record<AgentName, { readonly name: string; readonly task: string }>> = {
  mindscaper: { name: "Mindscaper", task: "Digest what was observed." },
  adjuster: { name: "Configuration Adjuster", task: "Apply the feedback." },
};

/** One person does not wait for another: neither for a digest, nor because theirs fails. */
const SETTINGS: SettingsInput = { maxParallelTurns: 4, maxQueued: 1_000_000, historyTokens: 0, breakerFailures: 0 };

const SENDER: Sender = { kind: "system", id: "mapping" };

/** Conversations at hand; for others the store is asked. */
const MAX_KNOWN = 10_000;

export interface FleetAgentsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly personas: Personas;
  readonly conversations: Conversations;
  readonly intake: Intake;
  readonly onChange: (rev: number) => void;
}

export class FleetAgents implements Agents {
  readonly #parts: () => FleetAgentsParts;
  readonly #agents = new Map<AgentName, Agent>();
  /**
   * By tenant, agent and subject. It stays when a subject is erased, so that all that comes later finds the same
   * conversation, and nothing that is said there names it.
   */
  readonly #known = new Map<string, Promise<ConversationRow>>();

  /** @param parts Asked for when there is something to do: personas take their agents' minds from here. */
  constructor(parts: () => FleetAgentsParts) {
    this.#parts = parts;
  }

  register(name: AgentName, agent: Agent): void {
    this.#agents.set(name, agent);
  }

  async enqueue(
    tenant: string,
    name: AgentName,
    subject: string,
    along: Pick<Along, "observations" | "feedback"> = {},
  ): Promise<Enqueued> {
    const { intake, store, onChange } = this.#parts();
    const persona = await this.persona(tenant, name);
    const conversation = await this.#conversation(persona, name, subject);
    const said = { conversation, sender: SENDER, text: ROSTER[name].task, replyTo: null, hop: 0, turn: null };
    const prepared = intake.prepare(said, [persona], scheduling(name));
    const [item] = prepared.items;
    if (item === undefined) {
      intake.withdraw(prepared);
      throw prepared.refused[0] === undefined
        ? new PersonaError("internal", `${name} was neither asked nor refused`)
        : refusalError(prepared.refused[0]);
    }
    const about = { conversation: conversation.key, tenant, agent: name, subject };
    const committed = await intake.commitAlong(prepared, conversation, { ...along, subject: about });
    if (committed.status !== "appended") return committed;
    onChange(committed.rev);
    return { status: "accepted", item: encodeId("item", item.key, store.salt), repeated: committed.repeated ?? [] };
  }

  /** It joins the fleet with this, if it has not yet. */
  persona(tenant: string, name: AgentName): Promise<Persona> {
    return this.#parts().personas.agent(tenant, idOf(name), ROSTER[name].name, SETTINGS);
  }

  /** What answers for the persona with this id; undefined if it is no agent. */
  mindOf(id: string): Cognition | undefined {
    const name = AGENTS.find((agent) => idOf(agent) === id);
    return name && ((turn) => this.#run(name, turn.conversation, turn.signal));
  }

  async #run(name: AgentName, conversation: string, signal: AbortSignal): Promise<string> {
    const { store, clock } = this.#parts();
    const agent = this.#agents.get(name);
    if (agent === undefined) throw new PersonaError("internal", `Nobody does the work of ${idOf(name)}`);
    const decoded = decodeId(conversation, store.salt);
    const about = decoded && (await store.mapping.subject(decoded.key));
    // Erased, since it was asked for.
    if (about === undefined) return "There is nobody here any more.";
    return agent({ tenant: about.tenant, subject: about.subject, now: clock.now(), signal });
  }

  #conversation(persona: Persona, name: AgentName, subject: string): Promise<ConversationRow> {
    const known = `${persona.row.tenant}/${name}/${subject}`;
    const found = this.#known.get(known) ?? this.#find(persona, name, subject);
    this.#known.delete(known);
    this.#known.set(known, found);
    found.catch(() => this.#known.delete(known));
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }

  async #find({ row }: Persona, name: AgentName, subject: string): Promise<ConversationRow> {
    const { store, conversations } = this.#parts();
    const about = await store.mapping.subjectNamed(row.tenant, name, subject);
    const stored = about && (await conversations.byKey(about.conversation));
    return stored ?? conversations.sessionToOpen(SENDER, row);
  }
}

function idOf(name: AgentName): string {
  return `_${name}`;
}

function scheduling(name: AgentName): Scheduling {
  return {
    lane: "background",
    priority: undefined,
    urgent: false,
    expiresInMs: undefined,
    mergeKey: name,
    coalesce: "merge",
    similarity: undefined,
  };
}
