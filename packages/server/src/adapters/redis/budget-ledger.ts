/** What one replica knows of a budget that is shared, and what it may spend of it while it cannot ask the others. */

/** Calls and the tokens they take. */
export interface Amount {
  readonly calls: number;
  readonly tokens: number;
}

export interface BudgetLedgerOptions {
  /** Of all replicas together within the window; tokens may be infinite. */
  readonly limits: Amount;
  readonly windowMs: number;
  /** Replicas to reckon with before any is known. */
  readonly expectedReplicas: number;
  /** Milliseconds after which a replica that was not heard of is gone. */
  readonly replicaTtlMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** What the shared window does not know of a call, or may have lost. */
export interface CallReport {
  readonly id: string;
  readonly ageMs: number;
  /** Undefined for a call that was never made. */
  readonly tokens: number | undefined;
}

/** What the shared window told. */
export interface SharedWindow {
  /** Of all replicas within the window. */
  readonly used: Amount;
  /** Replicas that were heard of lately. */
  readonly replicas: number;
  /** Those of them that were heard of since this one returned. */
  readonly heard: number;
}

export interface BudgetLedger {
  /** The call was granted by the shared window. */
  addShared(id: string, tokens: number): void;
  /** Milliseconds until `demand` fits into this replica's part; 0 for now. */
  waitAlone(demand: Amount): number;
  /** Counts a call that was made without asking. */
  addAlone(id: string, tokens: number): void;
  settle(id: string, tokens: number): void;
  cancel(id: string): void;
  /** The shared window can be asked again. It may have lost what it knew, and others may still have to report to it. */
  returned(): void;
  /** Milliseconds since the return while others may still have to report; then this replica's part is a limit even for what is granted. */
  settlingForMs(): number | undefined;
  unreported(): readonly CallReport[];
  /** @param reports what the shared window was told just before. */
  learn(window: SharedWindow, reports: readonly CallReport[]): void;
  /** What is left, of all replicas or of this one's part. */
  remaining(isAlone: boolean): Amount;
}

interface OwnCall {
  readonly id: string;
  readonly at: number;
  readonly tokens: number;
  /** All replicas may know of it, so that it is part of what they share what is left of; otherwise it is spent from this one's part. */
  readonly isShared: boolean;
  readonly isReported: boolean;
  readonly isCancelled: boolean;
}

const NOTHING: Amount = { calls: 0, tokens: 0 };

function sum(calls: readonly OwnCall[]): Amount {
  return { calls: calls.length, tokens: calls.reduce((total, { tokens }) => total + tokens, 0) };
}

const fits = (demand: Amount, left: Amount): boolean => demand.calls <= left.calls && demand.tokens <= left.tokens;

/**
 * Creates the ledger of a replica that has spent nothing.
 *
 * Cut off together, `n` replicas that know the same window of `used` calls may each spend `ceil((limit - used) / n)`: all of
 * them less than `n` calls too many, and none if it divides evenly; the same holds for tokens. Calls of others are taken to stay in the
 * window for its whole length from when they were heard of, so the error is on the safe side. Whoever returns keeps to that part until
 * all the others have been heard of again, or are gone: what they spent alone is not known before. What others spent
 * after they were last heard of is unknown.
 */
export function createBudgetLedger({ limits, windowMs, expectedReplicas, replicaTtlMs, now }: BudgetLedgerOptions): BudgetLedger {
  /** Oldest first. */
  let own: readonly OwnCall[] = [];
  let others = NOTHING;
  let heardAt = Number.NEGATIVE_INFINITY;
  let replicas = expectedReplicas;
  let returnedAt: number | undefined;

  function forgetOld(): void {
    const time = now();
    own = own.filter(({ at }) => at + windowMs > time);
  }

  function change(id: string, by: Partial<OwnCall>): void {
    own = own.map((call) => (call.id === id ? { ...call, ...by } : call));
  }

  /** Each kind of spending as it will stand at a time, if nothing is added. */
  function countAt(time: number): { readonly shared: Amount; readonly alone: Amount; readonly others: Amount } {
    const inside = own.filter(({ at, isCancelled }) => at + windowMs > time && !isCancelled);
    return {
      shared: sum(inside.filter(({ isShared }) => isShared)),
      alone: sum(inside.filter(({ isShared }) => !isShared)),
      others: heardAt + windowMs > time ? others : NOTHING,
    };
  }

  function leftAloneAt(time: number): Amount {
    const { shared, alone, others: elsewhere } = countAt(time);
    const part = (limit: number, used: number): number => Math.max(0, Math.ceil((limit - used) / replicas));
    return {
      calls: part(limits.calls, shared.calls + elsewhere.calls) - alone.calls,
      tokens: part(limits.tokens, shared.tokens + elsewhere.tokens) - alone.tokens,
    };
  }

  return {
    addShared(id, tokens) {
      const isShared = returnedAt === undefined;
      own = [...own, { id, at: now(), tokens, isShared, isReported: true, isCancelled: false }];
    },
    waitAlone(demand) {
      forgetOld();
      const time = now();
      if (fits(demand, leftAloneAt(time))) return 0;
      const leaving = [...own.map(({ at }) => at), ...(heardAt + windowMs > time ? [heardAt] : [])].map((at) => at + windowMs).sort((a, b) => a - b);
      // What is left only grows as calls leave the window, so the first time at which it is enough can be bisected.
      let from = 0;
      let to = leaving.length;
      while (from < to) {
        const middle = Math.floor((from + to) / 2);
        if (fits(demand, leftAloneAt(leaving[middle] ?? time))) to = middle;
        else from = middle + 1;
      }
      return (leaving[from] ?? time + windowMs) - time;
    },
    addAlone(id, tokens) {
      own = [...own, { id, at: now(), tokens, isShared: false, isReported: false, isCancelled: false }];
    },
    settle: (id, tokens) => change(id, { tokens, isReported: false }),
    cancel: (id) => change(id, { isCancelled: true, isReported: false }),
    returned() {
      returnedAt = now();
      own = own.map((call) => ({ ...call, isReported: false }));
    },
    settlingForMs: () => (returnedAt === undefined ? undefined : now() - returnedAt),
    unreported() {
      forgetOld();
      return own
        .filter(({ isReported }) => !isReported)
        .map(({ id, at, tokens, isCancelled }) => ({ id, ageMs: now() - at, tokens: isCancelled ? undefined : tokens }));
    },
    learn(window, reports) {
      forgetOld();
      const told = new Map(reports.map((report) => [report.id, report]));
      own = own.flatMap((call) => {
        const report = told.get(call.id);
        // It may have been settled or cancelled while it was being reported.
        if (report === undefined || report.tokens !== (call.isCancelled ? undefined : call.tokens)) return [call];
        return call.isCancelled ? [] : [{ ...call, isReported: true }];
      });
      if (returnedAt !== undefined) {
        const isComplete = own.every(({ isReported }) => isReported) && window.heard >= replicas;
        if (!isComplete && now() - returnedAt < replicaTtlMs) return;
        returnedAt = undefined;
      }
      own = own.map((call) => (call.isReported ? { ...call, isShared: true } : call));
      const { shared } = countAt(now());
      others = { calls: Math.max(0, window.used.calls - shared.calls), tokens: Math.max(0, window.used.tokens - shared.tokens) };
      heardAt = now();
      replicas = Math.max(1, window.replicas, expectedReplicas);
    },
    remaining(isAlone) {
      const { shared, alone, others: elsewhere } = countAt(now());
      const all = (limit: number, ...used: readonly number[]): number => used.reduce((left, each) => left - each, limit);
      const left =
        isAlone || returnedAt !== undefined
          ? leftAloneAt(now())
          : {
              calls: all(limits.calls, shared.calls, alone.calls, elsewhere.calls),
              tokens: all(limits.tokens, shared.tokens, alone.tokens, elsewhere.tokens),
            };
      return { calls: Math.max(0, left.calls), tokens: Math.max(0, left.tokens) };
    },
  };
}
