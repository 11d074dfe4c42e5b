/** What an error of Chroma or of its client means for us. */
import { RagError } from "@rag-personal/core";
import {
  ChromaClientError,
  ChromaConnectionError,
  ChromaForbiddenError,
  ChromaNotFoundError,
  ChromaRateLimitError,
  ChromaServerError,
  ChromaUnauthorizedError,
} from "chromadb";

/**
 * - `away`: it cannot be reached, or does not answer in time;
 * - `denied`: it does not accept our token, which nobody but an operator can heal;
 * - `unsupported`: it is not a version that this program was tried with;
 * - `failing`: it answers, and says that it cannot: a full disk, too much to do;
 * - `lost`: the collection is not there any more;
 * - `garbled`: what answers is not Chroma, or not in its right mind;
 * - `mistake`: it rejects what we ask, which no waiting heals.
 */
export type ChromaFailure = "away" | "denied" | "unsupported" | "failing" | "lost" | "garbled" | "mistake";

export function classify(error: unknown): ChromaFailure {
  if (error instanceof ChromaConnectionError) return "away";
  if (error instanceof ChromaUnauthorizedError || error instanceof ChromaForbiddenError) return "denied";
  if (error instanceof ChromaServerError || error instanceof ChromaRateLimitError) return "failing";
  if (error instanceof ChromaNotFoundError) return "lost";
  if (error instanceof ChromaClientError) return "mistake";
  // All that the client throws else, it throws while it reads an answer that it cannot read.
  return "garbled";
}

const MESSAGES: Readonly<Record<Exclude<ChromaFailure, "mistake">, string>> = {
  away: "Chroma cannot be reached.",
  denied: "Chroma refuses the credentials of this server.",
  unsupported: "The version of Chroma is not supported.",
  failing: "Chroma cannot do it at the moment.",
  lost: "The vectors of this generation are gone from Chroma; they are built anew from the record.",
  garbled: "What answers at the address of Chroma is not Chroma.",
};

/** An error that says no more than what is wrong; the cause is for the log. */
export function chromaError(failure: ChromaFailure, cause: unknown): RagError {
  if (failure === "mistake") return new RagError("internal", "Chroma rejected a request.", { cause });
  return new RagError("store_unavailable", MESSAGES[failure], { retryAfterSeconds: 1, ...(cause === undefined ? {} : { cause }) });
}
