/** `POST /auth/token`: a password for an access token, as OAuth 2.0 forms have it. */
import { RagError } from "@rag-personal/core";
import type { Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { readForm } from "./read-body.ts";
import { tokenRequest } from "./schemas.ts";

export function mountAuth(app: Hono<RestEnvironment>, services: AppServices): void {
  app.post("/auth/token", async (c) => {
    authorise("auth.login", c.get("principal"));
    const { username, password } = await readForm(c, tokenRequest, services.limits);
    const address = c.env.incoming?.socket.remoteAddress ?? "unknown";
    services.loginThrottle.admit(username, address);
    if (!(await services.verifyPassword(username, password))) throw new RagError("unauthenticated", "The user name or the password is wrong.");
    services.loginThrottle.succeeded(username, address);
    const accessToken = await services.tokens.issue(username);
    // Field names are those of RFC 6749 section 5.1.
    return c.json({ access_token: accessToken, token_type: "bearer", expires_in: services.tokens.lifetimeSeconds }, 200, {
      "cache-control": "no-store",
    });
  });
}
