/** Every kind of credential, with what the policy table lets each do: for tests that send them all to every route. */
import type { ErrorCode } from "@rag-personal/core";
import { isKeyOperation, KEY_OPERATIONS, type KeyOperation, type Operation, POLICY } from "../src/policy.ts";
import { createAccessTokens } from "../src/security/access-tokens.ts";
import { ADMIN_PASSWORD, CONFIGURED_KEY, type CredentialsScene, USER_PASSWORD } from "./credentials-scene.ts";

/** Every kind of credential, good and bad. */
export const CREDENTIALS = [
  "none",
  "wrong key",
  "configured key",
  "key without the operation",
  "key with the operation alone",
  "spent key",
  "expired key",
  "revoked key",
  "user's token",
  "admin's token",
  "expired token",
  "token of another signer",
  "disabled user's token",
  "disabled admin's token",
  "configured key as bearer",
  "key with the operation alone, as bearer",
  "key without the operation, as bearer",
  "wrong key as bearer",
  "revoked key as bearer",
  "good key beside a wrong bearer key",
  "good key beside a bad token",
] as const;

export type Credential = (typeof CREDENTIALS)[number];

/** What the table says: the code of the refusal, or undefined for an answer. */
export function expectedRefusal(operation: Operation, credential: Credential): ErrorCode | undefined {
  const requirement = POLICY[operation];
  const takesKey = requirement === "client" || requirement === "machine" || requirement === "granted";
  switch (credential) {
    case "wrong key":
    case "expired key":
    case "revoked key":
    case "expired token":
    case "token of another signer":
    case "disabled user's token":
    case "disabled admin's token":
    case "wrong key as bearer":
    case "revoked key as bearer":
    case "good key beside a wrong bearer key":
    case "good key beside a bad token":
      return "unauthenticated";
    case "none":
      return requirement === "anybody" ? undefined : "unauthenticated";
    case "configured key":
    case "configured key as bearer":
      return requirement === "anybody" || (takesKey && requirement !== "granted") ? undefined : "forbidden";
    case "key with the operation alone":
    case "key with the operation alone, as bearer":
      return requirement === "anybody" || takesKey ? undefined : "forbidden";
    case "key without the operation":
    case "key without the operation, as bearer":
      return requirement === "anybody" ? undefined : "forbidden";
    case "spent key":
      return requirement === "anybody" ? undefined : takesKey ? "rate_limited" : "forbidden";
    case "user's token":
      return requirement === "admin" || requirement === "granted" ? "forbidden" : undefined;
    case "admin's token":
      return undefined;
  }
}

export interface CredentialMatrix {
  /** Some credentials are made for an operation. */
  headersFor(credential: Credential, operation: Operation): Readonly<Record<string, string>>;
}

/** Makes them all. @param spend uses up the one request of the spent key. */
export async function createCredentialMatrix(
  scene: CredentialsScene,
  operations: ReadonlySet<Operation>,
  spend: (headers: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<CredentialMatrix> {
  const credentials = new Map<string, Record<string, string>>();
  const { users, apiKeys, time, tokens } = scene;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const makeKey = async (allowed: readonly KeyOperation[], more: { expiresAtMs?: number; requestsPerMinute?: number } = {}) => {
    const { expiresAtMs, requestsPerMinute } = more;
    const scope = { operations: allowed, pathPrefixes: ["people/", "uploads/people/"], requestsPerMinute, requestsPerDay: undefined };
    const { key, record } = await apiKeys.create({ name: "matrix", ...scope, expiresAtMs });
    return { headers: { "x-api-key": key }, bearer: bearer(key), id: record.id };
  };
  const makeUser = (username: string, isSuperuser: boolean) =>
    users.create({ username, email: `${username}@example.org`, password: USER_PASSWORD, isSuperuser });

  await users.ensureAdmin(ADMIN_PASSWORD);
  await makeUser("ada", false);
  credentials.set("expired token", bearer(await tokens.issue("admin")));
  const expiring = await makeKey(KEY_OPERATIONS, { expiresAtMs: time.ms + 1_000 });
  credentials.set("expired key", expiring.headers);
  time.ms += 3_600_000;

  for (const [username, isSuperuser, credential] of [
    ["disabled", false, "disabled user's token"],
    ["dismissed", true, "disabled admin's token"],
  ] as const) {
    const { id } = await makeUser(username, isSuperuser);
    credentials.set(credential, bearer(await tokens.issue(username)));
    await users.disable(id);
  }

  const other = createAccessTokens({ secret: "another-secret-another-secret-another", lifetimeMinutes: 30, nowMs: () => time.ms });
  credentials.set("none", {});
  const wrong = `rag_0123456789abcdef_${"A".repeat(43)}`;
  credentials.set("wrong key", { "x-api-key": wrong });
  credentials.set("wrong key as bearer", bearer(wrong));
  credentials.set("good key beside a wrong bearer key", { "x-api-key": CONFIGURED_KEY, ...bearer(wrong) });
  credentials.set("configured key", { "x-api-key": CONFIGURED_KEY });
  credentials.set("configured key as bearer", bearer(CONFIGURED_KEY));
  const revoked = await makeKey(KEY_OPERATIONS);
  await apiKeys.revoke(revoked.id);
  credentials.set("revoked key", revoked.headers);
  credentials.set("revoked key as bearer", revoked.bearer);
  const spent = await makeKey(KEY_OPERATIONS, { requestsPerMinute: 1 });
  credentials.set("spent key", spent.headers);
  credentials.set("user's token", bearer(await tokens.issue("ada")));
  credentials.set("admin's token", bearer(await tokens.issue("admin")));
  credentials.set("token of another signer", bearer(await other.issue("admin")));
  credentials.set("good key beside a bad token", { "x-api-key": CONFIGURED_KEY, authorization: "Bearer a.b.c" });
  for (const operation of operations) {
    const others = await makeKey(KEY_OPERATIONS.filter((name) => name !== operation));
    const alone = await makeKey(isKeyOperation(operation) ? [operation] : KEY_OPERATIONS);
    credentials.set(`key without the operation ${operation}`, others.headers);
    credentials.set(`key with the operation alone ${operation}`, alone.headers);
    credentials.set(`key without the operation, as bearer ${operation}`, others.bearer);
    credentials.set(`key with the operation alone, as bearer ${operation}`, alone.bearer);
  }

  await spend(spent.headers);
  return {
    headersFor(credential, operation) {
      const headers = credentials.get(`${credential} ${operation}`) ?? credentials.get(credential);
      if (headers === undefined) throw new Error(`no headers for ${credential}`);
      return headers;
    },
  };
}
