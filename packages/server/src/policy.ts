/** Who may do what: one table that every transport consults. */
import { RagError } from "@rag-personal/core";

/** Who is asking. */
export type Principal =
  | { readonly kind: "anonymous" }
  | { readonly kind: "apiKey"; readonly id: string }
  | { readonly kind: "admin"; readonly id: string };

type Requirement = "anybody" | "client" | "admin";

/** Every operation and what it takes. `client` is an API key or an administrator's token. */
export const POLICY = {
  "health.read": "anybody",
  "metrics.read": "anybody",
  "auth.login": "anybody",
  "chat.ask": "client",
  "search.run": "client",
  "sessions.list": "client",
  "sessions.get": "client",
  "sessions.delete": "client",
  "feedback.write": "client",
  "ingest.start": "admin",
  "ingest.read": "admin",
  "admin.stats": "admin",
  "documents.list": "admin",
  "documents.get": "admin",
  "documents.delete": "admin",
} as const satisfies Record<string, Requirement>;

export type Operation = keyof typeof POLICY;

/**
 * Lets an operation pass or says why not.
 *
 * @throws {RagError} `unauthenticated` without a credential, `forbidden` with one that does not reach.
 */
export function authorise(operation: Operation, principal: Principal): void {
  const requirement: Requirement = POLICY[operation];
  if (requirement === "anybody" || principal.kind === "admin") return;
  if (principal.kind === "anonymous") {
    throw new RagError(
      "unauthenticated",
      requirement === "admin"
        ? "This needs an administrator's token. Get one from POST /auth/token and send it as Authorization: Bearer."
        : "This needs an API key. Send it in the X-API-Key header.",
    );
  }
  if (requirement === "admin") throw new RagError("forbidden", "An API key does not reach this. Use an administrator's token from POST /auth/token.");
}

/** The name under which sessions and feedback of a principal are kept. */
export function principalName(principal: Principal): string {
  return principal.kind === "anonymous" ? "anonymous" : `${principal.kind}:${principal.id}`;
}
