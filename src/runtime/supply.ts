/**
 * What native is given out of the store: what waits at the start, what is committed, what it has asked for again. When
 * the fleet fails another one takes its place and is given everything anew: there is nothing in it that the store has not.
 */
import type { Clock } from "../clock.ts";
import type { PersonaError } from "../errors.ts";
import { FLAG_ADMITTED, FLAG_PAGED, FLAG_UNKNOWN, FLAG_WAS_ALONE } from "../layout.ts";
import type { FedItem, Store } from "../store/port.ts";
import type { PersonaWarning } from "../types.ts";
import type { Fleet } from "./fleet.ts";
import { Paging } from "./paging.ts";
import type { Personas } from "./personas.ts";
import type { Rooms } from "./rooms.ts";
import type { Turns } from "./turns.ts";

/** The last back-off of the cycle, 16 s, with its jitter. */
const LONGEST_BACK_OFF_MS = 17_600;
/** A fleet that fails so often within this time is not started again. */
const MAX_FAILURES = 3;
const FAILURES_WITHIN_MS = 60_000;

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly personas: Personas;
  readonly rooms: Rooms;
  readonly turns: Turns;
  readonly isClosing: () => boolean;
  /** The fleet is not started again: what was accepted waits for the next start. */
  readonly givenUp: (error: PersonaError) => void;
  readonly warn: (warning: PersonaWarning) => void;
}

export class Supply {
  readonly #parts: Parts;
  readonly #paging: Paging;
  /** False while the backlog is fed: those items were admitted before. */
  #live = false;
  /** Grows with each feed, so that what an earlier one still brings is not taken twice. */
  #feeds = 0;
  #error: PersonaError | undefined;
  /** When the fleet failed, lately. */
  #failures: number[] = [];
  /** The last rebuilding; they follow each other. */
  #rebuilt: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store, clock, warn } = parts;
    this.#paging = new Paging({ store, clock, warn, arm: (items) => this.#arm(items, FLAG_PAGED) });
  }

  /** Why there is no fleet: it failed, and is being rebuilt or was given up. */
  get error(): PersonaError | undefined {
    return this.#error;
  }

  /** Hands in what waits, and from then on what is committed. */
  async feed(): Promise<void> {
    this.#feeds += 1;
    const feed = this.#feeds;
    this.#live = false;
    await this.#parts.store.feed((items) => {
      if (feed === this.#feeds) this.#arm(items, this.#live ? FLAG_ADMITTED : 0);
    });
    this.#live = true;
  }

  /** Native had put these items aside, and has room for them. */
  bring(items: readonly number[]): void {
    this.#paging.bring(items);
  }

  /** The fleet is lost. If that happens again and again it is given up. */
  failed(error: PersonaError): void {
    this.#paging.stop();
    this.#error = error;
    this.#rebuilt = this.#rebuilt.then(() => this.#rebuild(error));
  }

  stop(): void {
    this.#paging.stop();
  }

  #arm(items: readonly FedItem[], come: number): void {
    const { fleet, personas, clock } = this.#parts;
    for (const item of items) {
      const unknown = item.turnItems ? FLAG_UNKNOWN | (item.turnItems === 1 ? FLAG_WAS_ALONE : 0) : 0;
      // A persona that is not enrolled any more has no slot; native then declines the item.
      const slot = personas.byKey(item.persona)?.slot ?? Number.NaN;
      const armed = come === FLAG_ADMITTED ? item : inThisTime(item, clock.now());
      fleet.arm(armed, slot, item.flags | come | unknown);
    }
  }

  async #rebuild(error: PersonaError): Promise<void> {
    const { fleet, personas, rooms, turns, clock, isClosing, warn } = this.#parts;
    warn({ code: error.code, message: error.message, cause: error.cause });
    const now = clock.now();
    this.#failures = [...this.#failures.filter((at) => now - at < FAILURES_WITHIN_MS), now];
    await turns.abandon(error);
    if (isClosing()) return;
    if (this.#failures.length >= MAX_FAILURES) {
      this.#giveUp(error);
      return;
    }
    try {
      fleet.restart();
      rooms.forget();
      await personas.replace();
      await this.feed();
      personas.leaveAgain();
      // Unless this one has failed as well: then the next rebuilding follows.
      if (this.#error === error) this.#error = undefined;
    } catch (cause) {
      if (this.#error === error) this.#giveUp(error, cause);
    }
  }

  #giveUp(error: PersonaError, cause: unknown = error): void {
    const { givenUp, warn } = this.#parts;
    warn({ code: "driver_given_up", message: "The native service cycle is not started again", cause });
    givenUp(error);
  }
}

/** An item of an earlier life, whose clock may have been ahead of ours: nothing waits for a time that was wrong. */
function inThisTime(item: FedItem, now: number): FedItem {
  const { enqueuedAt, notBefore } = item;
  if (enqueuedAt <= now && (notBefore ?? 0) <= now + LONGEST_BACK_OFF_MS) return item;
  return {
    ...item,
    enqueuedAt: Math.min(enqueuedAt, now),
    notBefore: notBefore && Math.min(notBefore, now + LONGEST_BACK_OFF_MS),
  };
}
