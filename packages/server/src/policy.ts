/** Who may do what: one table that every transport consults. */
import { RagError } from "@rag-personal/core";

/** What an API key may do and see. */
export interface Scope {
  readonly operations: readonly KeyOperation[];
  /** Folders such as `handbook/`: no document outside of them exists for the key. Undefined: all documents. */
  readonly pathPrefixes: readonly string[] | undefined;
  /** Undefined: as many requests as the server can take. */
  readonly budget: Budget | undefined;
}

/** How many operations are left to a key. */
export interface Budget {
  /** @throws {RagError} `rate_limited` with the seconds to wait, at once or by the promise. */
  spend(): void | Promise<void>;
}

/** Who is asking. */
export type Principal =
  | { readonly kind: "anonymous" }
  | { readonly kind: "apiKey"; readonly id: string; readonly scope: Scope }
  | { readonly kind: "user"; readonly id: string }
  | { readonly kind: "admin"; readonly id: string };

type Requirement = "anybody" | "machine" | "client" | "granted" | "user" | "admin";

/**
 * Every operation and what it takes. `client` is an API key whose scope has the operation, or a user's token; `machine` is the same or
 * what monitors this server; `granted` is an API key that was made for the operation by name, or an administrator's token; `user` is a
 * user's token, and `admin` that of a superuser.
 */
export const POLICY = {
  "docs.read": "anybody",
  "health.read": "anybody",
  "health.details": "client",
  "metrics.read": "machine",
  "auth.login": "anybody",
  "auth.password": "user",
  "chat.ask": "client",
  "search.run": "client",
  "models.list": "client",
  "embeddings.create": "client",
  "sessions.list": "client",
  "sessions.get": "client",
  "sessions.delete": "client",
  "feedback.write": "client",
  "documents.list": "client",
  "documents.get": "client",
  "documents.upload": "granted",
  "documents.delete": "granted",
  "ingest.start": "granted",
  "ingest.read": "granted",
  "admin.stats": "admin",
  "admin.backup": "admin",
  "breaker.reset": "admin",
  "cache.clear": "admin",
  "index.read": "admin",
  "index.reindex": "admin",
  "index.switchBack": "admin",
  "index.dropPrevious": "admin",
  "doctor.examine": "admin",
  "doctor.repair": "admin",
  "snapshot.make": "admin",
  "apiKeys.create": "admin",
  "apiKeys.list": "admin",
  "apiKeys.revoke": "admin",
  "users.create": "admin",
  "users.list": "admin",
  "users.disable": "admin",
} as const satisfies Record<string, Requirement>;

export type Operation = keyof typeof POLICY;

type OperationOf<Wanted extends Requirement> = { [Name in Operation]: (typeof POLICY)[Name] extends Wanted ? Name : never }[Operation];

/** What an API key can be allowed. */
export type KeyOperation = OperationOf<"client" | "machine" | "granted">;

function requirementOf(name: string): Requirement | undefined {
  return Object.hasOwn(POLICY, name) ? POLICY[name as Operation] : undefined;
}

export function isKeyOperation(name: string): name is KeyOperation {
  const requirement = requirementOf(name);
  return requirement === "client" || requirement === "machine" || requirement === "granted";
}

/** Everything that an API key can be allowed, in the order of the table. */
export const KEY_OPERATIONS: readonly KeyOperation[] = Object.keys(POLICY).filter(isKeyOperation);

/** What a key is allowed for which nothing else was said: all of that but what must be granted by name. */
export const CLIENT_OPERATIONS: readonly KeyOperation[] = KEY_OPERATIONS.filter((name) => requirementOf(name) !== "granted");

/** Where a request comes from. */
export interface Origin {
  /** From what monitors this server. Default: false. */
  readonly isMonitor?: boolean;
}

/** Whether the table, and the scope of a key, let the principal do it; what is left of a key's budget is not looked at. */
export function isAllowed(operation: Operation, principal: Principal, { isMonitor = false }: Origin = {}): boolean {
  const requirement: Requirement = POLICY[operation];
  switch (requirement) {
    case "anybody":
      return true;
    case "machine":
      return isMonitor || isAllowedClient(operation, principal);
    case "client":
      return isAllowedClient(operation, principal);
    case "granted":
      return principal.kind === "admin" || isAllowedKey(operation, principal);
    case "user":
      return principal.kind === "user" || principal.kind === "admin";
    case "admin":
      return principal.kind === "admin";
  }
}

function isAllowedClient(operation: Operation, principal: Principal): boolean {
  return principal.kind === "user" || principal.kind === "admin" || isAllowedKey(operation, principal);
}

function isAllowedKey(operation: Operation, principal: Principal): boolean {
  return principal.kind === "apiKey" && principal.scope.operations.some((allowed) => allowed === operation);
}

/**
 * Lets an operation pass or says why not. One that takes an API key's scope is spent from the key's budget, so that a transport that
 * carries several operations in one request pays for each. What the table and the scope refuse is thrown at once, whether or not anybody
 * awaits the budget.
 *
 * @throws {RagError} `unauthenticated` without a credential, `forbidden` with one that does not reach, `rate_limited` when the key's
 * budget is spent.
 */
export function authorise(operation: Operation, principal: Principal, origin: Origin = {}): void | Promise<void> {
  if (!isAllowed(operation, principal, origin)) throw refusal(operation, principal);
  if (principal.kind === "apiKey" && isKeyOperation(operation)) return principal.scope.budget?.spend();
}

function refusal(operation: Operation, principal: Principal): RagError {
  const takesKey = isKeyOperation(operation);
  switch (principal.kind) {
    case "anonymous":
      return new RagError(
        "unauthenticated",
        takesKey ? needsKey(operation) : "This needs an access token. Get one from POST /auth/token and send it as Authorization: Bearer.",
      );
    case "apiKey":
      return new RagError(
        "forbidden",
        takesKey
          ? `This API key was not made for ${operation}. Use one whose operations have it.`
          : "An API key does not reach this. Use an access token from POST /auth/token.",
      );
    case "user":
    case "admin":
      return new RagError(
        "forbidden",
        takesKey
          ? `This is for administrators and for API keys that were made for ${operation}.`
          : "This is for administrators. Use the access token of one.",
      );
  }
}

function needsKey(operation: Operation): string {
  if (operation === "metrics.read")
    return "This is for addresses of METRICS_ALLOW_FROM. From others it needs METRICS_USERNAME and METRICS_PASSWORD, or an API key.";
  return requirementOf(operation) === "granted"
    ? `This needs an API key that was made for ${operation}, in the X-API-Key header, or the access token of an administrator.`
    : "This needs an API key. Send it in the X-API-Key header or as Authorization: Bearer.";
}

/** The name under which sessions and feedback of a principal are kept. */
export function principalName(principal: Principal): string {
  return principal.kind === "anonymous" ? "anonymous" : `${principal.kind}:${principal.id}`;
}
