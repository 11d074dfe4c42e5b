/** A password for an access token, and a new password for the old one. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import type { AppServices } from "../services.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const password = z.string().min(1).max(1_000);

export function createAuthProcedures({ loginThrottle, users, tokens }: Pick<AppServices, "loginThrottle" | "users" | "tokens">) {
  return {
    login: procedure({
      operation: "auth.login",
      // OAuth 2.0 password grant, RFC 6749 section 4.3; its other fields are accepted and not used.
      input: z.object({ username: z.string().min(1).max(200), password }).register(schemaNames, { name: "Login" }),
      // Field names are those of RFC 6749 section 5.1.
      output: z
        .object({ access_token: z.string(), token_type: z.literal("bearer"), expires_in: z.int().min(1).describe("Seconds.") })
        .register(schemaNames, { name: "AccessToken" }),
      async run({ username, password: given }, { address }) {
        await loginThrottle.attempt(username, address, async () => {
          if (!(await users.verifyPassword(username, given))) throw new RagError("unauthenticated", "The user name or the password is wrong.");
        });
        return { access_token: await tokens.issue(username), token_type: "bearer" as const, expires_in: tokens.lifetimeSeconds };
      },
    }),
    changePassword: procedure({
      operation: "auth.password",
      input: z
        .strictObject({ oldPassword: password, newPassword: password.describe("At least 15 characters, and none that everybody tries first.") })
        .register(schemaNames, { name: "PasswordChange" }),
      output: z.void(),
      async run({ oldPassword, newPassword }, { principal, address }) {
        if (principal.kind !== "user" && principal.kind !== "admin") throw new RagError("forbidden", "Only a user has a password.");
        // Whoever holds a stolen token must not guess the password through it.
        await loginThrottle.attempt(principal.id, address, () => users.changePassword(principal.id, oldPassword, newPassword));
      },
    }),
  };
}
