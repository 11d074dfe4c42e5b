/** `/auth`: a password for an access token, as OAuth 2.0 forms have it, and a new password for the old one. */
import { RagError } from "@rag-personal/core";
import type { Context, Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { readForm, readJson } from "./read-body.ts";
import { passwordRequest, tokenRequest } from "./schemas.ts";

/** A name of 200 and passwords of 1,000 characters, encoded, with room for the other fields of OAuth. */
const MAX_CREDENTIALS_BYTES = 16_384;

const addressOf = (c: Context<RestEnvironment>): string => c.env.incoming?.socket.remoteAddress ?? "unknown";

export function mountAuth(app: Hono<RestEnvironment>, services: AppServices): void {
  // Anybody may send these, so they are held for far less than what a client may send.
  const limits = { ...services.limits, maxBodyBytes: Math.min(MAX_CREDENTIALS_BYTES, services.limits.maxBodyBytes) };
  app.post("/auth/token", async (c) => {
    await authorise("auth.login", c.get("principal"));
    const { username, password } = await readForm(c, tokenRequest, limits);
    await services.loginThrottle.attempt(username, addressOf(c), async () => {
      if (!(await services.users.verifyPassword(username, password)))
        throw new RagError("unauthenticated", "The user name or the password is wrong.");
    });
    const accessToken = await services.tokens.issue(username);
    // Field names are those of RFC 6749 section 5.1.
    return c.json({ access_token: accessToken, token_type: "bearer", expires_in: services.tokens.lifetimeSeconds }, 200, {
      "cache-control": "no-store",
    });
  });
  app.post("/auth/password", async (c) => {
    const principal = c.get("principal");
    await authorise("auth.password", principal);
    if (principal.kind !== "user" && principal.kind !== "admin") throw new RagError("forbidden", "Only a user has a password.");
    const { oldPassword, newPassword } = await readJson(c, passwordRequest, limits);
    // Whoever holds a stolen token must not guess the password through it.
    await services.loginThrottle.attempt(principal.id, addressOf(c), () => services.users.changePassword(principal.id, oldPassword, newPassword));
    return c.body(null, 204);
  });
}
