/** Who makes an HTTP request: the same credentials for every transport. */
import type { Context } from "hono";
import type { Principal } from "../policy.ts";
import type { Authenticator } from "../security/authenticator.ts";
import type { HttpEnvironment } from "./environment.ts";

/** @throws RagError `unauthenticated` when a credential is given but wrong. */
export function authenticate(c: Context<HttpEnvironment>, authenticator: Authenticator): Promise<Principal> {
  return authenticator.authenticate({ apiKey: c.req.header("x-api-key"), authorization: c.req.header("authorization") });
}
