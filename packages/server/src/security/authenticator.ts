/** Turns the credentials of a request into a principal. */
import { createHash, timingSafeEqual } from "node:crypto";
import { RagError } from "@rag-personal/core";
import type { Principal } from "../policy.ts";
import type { AccessTokens } from "./access-tokens.ts";

/** Finds out who is asking. */
export interface Authenticator {
  /** @throws {RagError} `unauthenticated` when a credential is given but wrong: it is never taken for none. */
  authenticate(credentials: { readonly apiKey: string | undefined; readonly authorization: string | undefined }): Promise<Principal>;
}

const digest = (value: string): Buffer => createHash("sha256").update(value).digest();

export function createAuthenticator({ apiKey, tokens }: { apiKey: string; tokens: AccessTokens }): Authenticator {
  const expected = digest(apiKey);
  return {
    async authenticate({ apiKey: given, authorization }) {
      if (authorization !== undefined) {
        const match = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization);
        if (match?.[1] === undefined) throw new RagError("unauthenticated", "The Authorization header must be: Bearer <access token>.");
        return { kind: "admin", id: await tokens.verify(match[1]) };
      }
      if (given !== undefined) {
        // Digests have one length, so the comparison tells nothing about the key.
        if (!timingSafeEqual(digest(given), expected)) throw new RagError("unauthenticated", "The API key in X-API-Key is not valid.");
        return { kind: "apiKey", id: "default" };
      }
      return { kind: "anonymous" };
    },
  };
}
