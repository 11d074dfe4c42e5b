/** What one replica knows of a budget that is shared, and what it may spend of it while it cannot ask the others. */
import { RagError } from "@rag-personal/core";

export interface BudgetLedgerOptions {
  /** Calls of all replicas together within the window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Replicas to reckon with before any is known. */
  readonly expectedReplicas: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A call that the shared window does not know of yet. */
export interface UnsharedCall {
  readonly id: string;
  readonly ageMs: number;
}

/** What the shared window told. */
export interface SharedWindow {
  /** Calls of all replicas within the window. */
  readonly used: number;
  /** Replicas that were heard of lately. */
  readonly replicas: number;
}

export interface BudgetLedger {
  /** The call was granted by the shared window. */
  addShared(id: string): void;
  /**
   * Grants a call without asking, from this replica's part of what was left when the others were last heard of.
   *
   * @throws RagError `rate_limited` when that part is used up.
   */
  spendAlone(id: string): void;
  unshared(): readonly UnsharedCall[];
  /** @param ids the unshared calls that the shared window knows of now. */
  learn(window: SharedWindow, ids: readonly string[]): void;
  /** Calls left, of all replicas or of this one's part. */
  remaining(isAlone: boolean): number;
}

/** The refusal of a call. @param waitMs until one will be free. */
export function budgetSpent(waitMs: number): RagError {
  return new RagError("rate_limited", "The language model's requests for this minute are used up. Try again shortly.", {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  });
}

/**
 * Creates the ledger of a replica that has spent nothing.
 *
 * Cut off together, `n` replicas that know the same window of `used` calls may each spend `ceil((limit - used) / n)`: all of
 * them less than `n` calls too many, and none if it divides evenly. Calls of others are taken to stay in the window for its
 * whole length from when they were heard of, so the error is on the safe side. What others spent after they were last heard of is unknown.
 */
export function createBudgetLedger({ limit, windowMs, expectedReplicas, now }: BudgetLedgerOptions): BudgetLedger {
  let own: { readonly id: string; readonly at: number; readonly isShared: boolean }[] = [];
  let othersUsed = 0;
  let heardAt = Number.NEGATIVE_INFINITY;
  let replicas = expectedReplicas;

  function count(): { readonly shared: number; readonly alone: number; readonly others: number } {
    own = own.filter(({ at }) => at > now() - windowMs);
    const shared = own.filter(({ isShared }) => isShared).length;
    return { shared, alone: own.length - shared, others: now() - heardAt < windowMs ? othersUsed : 0 };
  }

  function leftAlone(): number {
    const { shared, alone, others } = count();
    return Math.max(0, Math.ceil((limit - shared - others) / replicas)) - alone;
  }

  return {
    addShared: (id) => void own.push({ id, at: now(), isShared: true }),
    spendAlone(id) {
      if (leftAlone() < 1) {
        const leaving = [...own.map(({ at }) => at), ...(othersUsed > 0 && now() - heardAt < windowMs ? [heardAt] : [])];
        throw budgetSpent(Math.min(...leaving) + windowMs - now());
      }
      own.push({ id, at: now(), isShared: false });
    },
    unshared() {
      count();
      return own.filter(({ isShared }) => !isShared).map(({ id, at }) => ({ id, ageMs: now() - at }));
    },
    learn(window, ids) {
      const known = new Set(ids);
      own = own.map((call) => (known.has(call.id) ? { ...call, isShared: true } : call));
      othersUsed = Math.max(0, window.used - count().shared);
      heardAt = now();
      replicas = Math.max(1, window.replicas, expectedReplicas);
    },
    remaining(isAlone) {
      const { shared, alone, others } = count();
      return Math.max(0, isAlone ? leftAlone() : limit - shared - alone - others);
    },
  };
}
