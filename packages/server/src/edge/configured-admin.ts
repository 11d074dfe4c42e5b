/** The one user of a worker: the administrator of the configuration, whose password needs no hash because it is kept nowhere. */
import { RagError } from "@rag-personal/core";
import { type AccessTokens, createAccessTokens } from "../security/access-tokens.ts";
import { previousSigning, type SecretOverlap } from "../security/secret-overlap.ts";
import type { AppServices } from "../services.ts";
import type { AdminSecrets } from "./edge-config.ts";
import { notSupported, refuseLater } from "./not-supported.ts";
import { sameSecret } from "./same-secret.ts";

const ADMIN = "admin";

export interface ConfiguredAdmin {
  readonly users: AppServices["users"];
  readonly tokens: AccessTokens;
}

/** @param secrets undefined: nobody can log in. */
export function createConfiguredAdmin(
  secrets: AdminSecrets | undefined,
  { lifetimeMinutes, nowMs, overlap }: { readonly lifetimeMinutes: number; readonly nowMs: () => number; readonly overlap: SecretOverlap },
): ConfiguredAdmin {
  const isPassword = secrets && sameSecret(secrets.password);
  return {
    users: {
      async verifyPassword(username, password) {
        if (isPassword === undefined) throw notSupported("login");
        const isRight = await isPassword(password);
        return isRight && username === ADMIN;
      },
      async identify({ username }) {
        // Of a server that has the same secrets, users may have tokens too; whether they still count is known there alone.
        if (username !== ADMIN) throw new RagError("unauthenticated", "This worker knows the administrator of its configuration alone.");
        return { kind: "admin", id: ADMIN };
      },
      create: refuseLater("users"),
      list: refuseLater("users"),
      disable: refuseLater("users"),
      changePassword: refuseLater("users"),
    },
    // Of both, so that tokens end when either changes.
    tokens: secrets
      ? createAccessTokens({
          secret: signingSecret(secrets.secretKey, secrets.password),
          previous:
            secrets.secretKeyPrevious === undefined
              ? undefined
              : previousSigning(signingSecret(secrets.secretKeyPrevious, secrets.password), overlap),
          lifetimeMinutes,
          nowMs,
        })
      : { lifetimeSeconds: 0, issue: refuseLater("login"), verify: refuseToken },
  };
}

const signingSecret = (secretKey: string, password: string): string => `${secretKey}\n${password}`;

async function refuseToken(): Promise<never> {
  throw new RagError("unauthenticated", "This worker has no access tokens. Send the API key in X-API-Key.");
}
