/** What a row of the fault suite is, and what it finds. */
import type { CleanUp } from "./clean-up.ts";

export type ViolationKind =
  /** A request took longer than its deadline and the tolerance. */
  | "late"
  /** An answer that was not promised: a 5xx that is none of 502, 503, 504, a refusal of what must be answered, a connection that broke. */
  | "failed"
  /** A 503 without `Retry-After`. */
  | "no retry-after"
  | "process exit"
  /** Something acknowledged is not there. */
  | "lost"
  /** Something is there more often than once. */
  | "doubled"
  | "not healed"
  /** The fault was there, and neither a gauge nor an answer said so. */
  | "not detected"
  /** Metrics, log or health disagree with the fault. */
  | "disagrees";

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
  /** Time of the request, or of the finding, in milliseconds since the row began. */
  readonly atMs?: number;
}

export interface RowResult {
  readonly injections: number;
  readonly requests: number;
  readonly violations: readonly Violation[];
  /** Milliseconds from a fault until the server shows that it knows, injection by injection. */
  readonly detectMs: readonly number[];
  /** Milliseconds from the end of a fault until the server works as before, injection by injection. */
  readonly healMs: readonly number[];
  /** What else was measured, a phrase each. */
  readonly remarks: readonly string[];
}

export interface RowOptions {
  readonly injections: number;
  /** How many ask at once, where a row puts a server under load. */
  readonly clients: number;
  /** 0..1, from a fixed seed. */
  readonly random: () => number;
  /** Everything the row starts is registered here, so that it ends whatever happens. */
  readonly cleanUp: CleanUp;
  /** Tells a person how far it is. */
  readonly say: (message: string) => void;
}

export type RunRow = (options: RowOptions) => Promise<RowResult>;

/** A request may be so much later than its deadline, for the scheduling of a machine that others use too. */
export const TOLERANCE_MS = 250;
/** A server that takes longer to work as before has not healed. */
export const HEAL_WITHIN_MS = 5_000;
