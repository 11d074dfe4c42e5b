/** What the clients of a fault row note: every request with its outcome, and everything the server has acknowledged. */

export type RequestKind = "chat" | "chat, cached" | "chat, streamed" | "search" | "feedback" | "session" | "health";

export interface RecordedRequest {
  readonly kind: RequestKind;
  /** On the monotonic clock of this process. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  /** The `code` of a problem document. */
  readonly code: string | undefined;
  readonly hasRetryAfter: boolean;
  /** Why it is none of the answers that the kind promises. */
  readonly problem: string | undefined;
}

export interface LoadRecord {
  readonly requests: readonly RecordedRequest[];
  /** Ids of feedback sent, whatever became of it. */
  readonly sentFeedback: ReadonlySet<string>;
  /** Ids of feedback that the server said it stored. */
  readonly acknowledgedFeedback: ReadonlySet<string>;
  /** Questions answered within each session, in their order. */
  readonly acknowledgedTurns: ReadonlyMap<string, readonly string[]>;
  /** Questions of each session whose outcome the client does not know. */
  readonly unknownTurns: ReadonlyMap<string, readonly string[]>;
}
