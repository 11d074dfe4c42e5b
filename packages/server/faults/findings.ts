/** Collects the violations of a row, each with its time. */
import type { Violation, ViolationKind } from "./row.ts";

export interface Findings {
  readonly violations: readonly Violation[];
  violate(kind: ViolationKind, detail: string): void;
}

export function createFindings(): Findings {
  const violations: Violation[] = [];
  const beganAtMs = performance.now();
  return { violations, violate: (kind, detail) => void violations.push({ kind, detail, atMs: performance.now() - beganAtMs }) };
}
