/** Which failures of a model call speak about the model's health, and which do not. */
import { RagError } from "../errors.ts";

/** The HTTP status with which a model's server refused a request; the `cause` of the RagError that is thrown. */
export class UpstreamStatusError extends Error {
  override readonly name = "UpstreamStatusError";
  readonly upstreamStatus: number;

  constructor(upstreamStatus: number, detail: string) {
    super(`status ${upstreamStatus}: ${detail}`);
    this.upstreamStatus = upstreamStatus;
  }
}

/**
 * True for failures that count against the model: time-outs, broken or senseless answers, statuses of 500 and above.
 * A refused request (400, 401, 413 …) is our mistake, and 429 comes from a server that is well: neither may open
 * the circuit, nor close it.
 */
export function isModelEvidence(error: unknown): boolean {
  if (!(error instanceof RagError)) return true;
  if (error.code !== "llm_failed" && error.code !== "llm_timeout") return false;
  const { cause } = error;
  if (!(cause instanceof UpstreamStatusError)) return true;
  return cause.upstreamStatus >= 500 || cause.upstreamStatus === 408;
}
