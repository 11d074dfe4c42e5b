/** Turns the credentials of a request into a principal. */
import { RagError } from "@rag-personal/core";
import { CLIENT_OPERATIONS, type Principal } from "../policy.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { Users } from "./users.ts";

/** Finds out who is asking. */
export interface Authenticator {
  /**
   * `Authorization: Bearer` takes an API key as well as an access token: clients made for other servers send their keys so.
   *
   * An `Authorization` of another scheme than Bearer, such as the Basic of a proxy in front, is no credential of ours and not looked at.
   *
   * @throws {RagError} `unauthenticated` when a credential is given but wrong: it is never taken for none. `store_unavailable` when the
   * store is away and nothing is known of it yet; the configured key needs no store.
   */
  authenticate(credentials: { readonly apiKey: string | undefined; readonly authorization: string | undefined }): Promise<Principal>;
}

/** The configured key may do whatever the table allows to clients, with every document. */
const CONFIGURED_KEY: Principal = {
  kind: "apiKey",
  id: "default",
  scope: { operations: CLIENT_OPERATIONS, pathPrefixes: undefined, budget: undefined },
};

/** A scheme with something behind it; a token without one is a mistake that must be told. */
const OTHER_SCHEME = /^(?!bearer )[a-z][\w-]* /i;
const BEARER = /^Bearer (\S.*)$/;
/** The three parts of a signed token. No key of ours has a dot. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export function createAuthenticator({
  isConfiguredKey,
  apiKeys,
  tokens,
  users,
}: {
  /** Compares in a time that tells nothing about the configured key; at once where the runtime can. */
  isConfiguredKey: (given: string) => boolean | Promise<boolean>;
  apiKeys: Pick<ApiKeys, "identify">;
  tokens: Pick<AccessTokens, "verify">;
  users: Pick<Users, "identify">;
}): Authenticator {
  const identifyKey = async (given: string): Promise<Principal> => {
    const answer = isConfiguredKey(given);
    return (answer instanceof Promise ? await answer : answer) ? CONFIGURED_KEY : await apiKeys.identify(given);
  };
  return {
    async authenticate({ apiKey: given, authorization }) {
      if (authorization !== undefined && !OTHER_SCHEME.test(authorization)) {
        const credential = BEARER.exec(authorization)?.[1];
        if (credential === undefined) throw new RagError("unauthenticated", "The Authorization header must be: Bearer <access token or API key>.");
        // The configured key may be any text, one that looks like a token too, so it is asked for first.
        if (!TOKEN.test(credential)) return await identifyKey(credential);
        if (await isConfiguredKey(credential)) return CONFIGURED_KEY;
        return await users.identify(await tokens.verify(credential));
      }
      return given === undefined ? { kind: "anonymous" } : await identifyKey(given);
    },
  };
}
