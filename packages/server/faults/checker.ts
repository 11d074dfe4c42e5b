/** Looks through what the clients recorded for everything that must not happen. */
import type { LoadRecord, RecordedRequest, RequestKind } from "./record.ts";
import { TOLERANCE_MS, type Violation } from "./row.ts";

export interface Promised {
  /** Kinds that must be answered, degraded or not, whatever is away. */
  readonly answered: ReadonlySet<RequestKind>;
  /** Milliseconds that a request of the kind may take. */
  readonly deadlineMs: (kind: RequestKind) => number;
}

/** What a server may say while something is away; nothing else counts as a refusal. */
const REFUSALS: ReadonlySet<number> = new Set([502, 503, 504]);

/** @param beganAtMs moment on the monotonic clock that the row began. */
export function checkRequests(requests: readonly RecordedRequest[], promised: Promised, beganAtMs: number): Violation[] {
  return requests.flatMap((request) => checkRequest(request, promised).map((violation) => ({ ...violation, atMs: request.startedAtMs - beganAtMs })));
}

function checkRequest(request: RecordedRequest, { answered, deadlineMs }: Promised): Violation[] {
  const { kind, status, durationMs, problem, hasRetryAfter } = request;
  const violations: Violation[] = [];
  if (durationMs > deadlineMs(kind) + TOLERANCE_MS) {
    violations.push({ kind: "late", detail: `${kind}: ${Math.round(durationMs)} ms of ${deadlineMs(kind)}, status ${status}` });
  }
  if (problem !== undefined && (answered.has(kind) || status === undefined || !REFUSALS.has(status))) {
    violations.push({ kind: "failed", detail: `${kind}: status ${status}, ${problem}` });
  }
  if (status === 503 && !hasRetryAfter) violations.push({ kind: "no retry-after", detail: `${kind}: ${request.code}` });
  return violations;
}

/** Feedback as it stands in the store. */
export interface StoredFeedback {
  readonly id: string;
  readonly comment: string | null;
}

/** Every acknowledged feedback is there, and nothing is there twice or was never sent. */
export function checkFeedback(
  stored: readonly StoredFeedback[],
  { sentFeedback, acknowledgedFeedback }: Pick<LoadRecord, "sentFeedback" | "acknowledgedFeedback">,
): Violation[] {
  const violations: Violation[] = [];
  const copies = new Map<string, number>();
  for (const { id, comment } of stored) {
    const sentAs = comment ?? id;
    copies.set(sentAs, (copies.get(sentAs) ?? 0) + 1);
    if (!sentFeedback.has(sentAs)) violations.push({ kind: "doubled", detail: `feedback ${id} was never sent` });
  }
  for (const [id, count] of copies) if (count > 1) violations.push({ kind: "doubled", detail: `feedback ${id} is there ${count} times` });
  for (const id of acknowledgedFeedback) if (!copies.has(id)) violations.push({ kind: "lost", detail: `feedback ${id} is not there` });
  return violations;
}

/**
 * Every acknowledged turn is there once and in order. A turn whose outcome the client does not know may be there or not.
 *
 * @param stored questions of the session, oldest first; undefined when the session is not there.
 */
export function checkSession(
  id: string,
  stored: readonly string[] | undefined,
  acknowledged: readonly string[],
  unknown: readonly string[] = [],
): Violation[] {
  if (stored === undefined) return [{ kind: "lost", detail: `session ${id} with ${acknowledged.length} turns is not there` }];
  const violations: Violation[] = [];
  const known = stored.filter((question) => !unknown.includes(question));
  for (const question of acknowledged) {
    const count = known.filter((found) => found === question).length;
    if (count === 0) violations.push({ kind: "lost", detail: `session ${id}: the turn "${question}" is not there` });
    if (count > 1) violations.push({ kind: "doubled", detail: `session ${id}: the turn "${question}" is there ${count} times` });
  }
  if (violations.length === 0 && known.some((question, at) => question !== acknowledged[at])) {
    violations.push({ kind: "disagrees", detail: `session ${id}: the turns stand in another order, or there are some that nobody asked` });
  }
  return violations;
}
