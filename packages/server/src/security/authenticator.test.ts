import { describe, expect, it } from "vitest";
import { createAccessTokens } from "./access-tokens.ts";
import { createAuthenticator } from "./authenticator.ts";

const tokens = createAccessTokens({ secret: "b4e07d9135c84f6a9a2d6c1f03e8b75c", lifetimeMinutes: 30, nowMs: () => 1_760_000_000_000 });
const authenticator = createAuthenticator({ apiKey: "right-key", tokens });
const authenticate = (apiKey?: string, authorization?: string) => authenticator.authenticate({ apiKey, authorization });

describe("authenticator", () => {
  it("knows the key, a token's user, and nobody", async () => {
    await expect(authenticate("right-key")).resolves.toEqual({ kind: "apiKey", id: "default" });
    await expect(authenticate(undefined, `Bearer ${await tokens.issue("admin")}`)).resolves.toEqual({ kind: "admin", id: "admin" });
    await expect(authenticate()).resolves.toEqual({ kind: "anonymous" });
  });

  it.each(["", "right-kez", "right-key ", "right-key1", "RIGHT-KEY"])("refuses the key %j instead of taking it for none", async (key) => {
    await expect(authenticate(key)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("accepts no other scheme than Bearer, even with a valid token", async () => {
    const token = await tokens.issue("admin");
    for (const header of [token, `bearer ${token}`, `Basic ${token}`, `Bearer  ${token}`, `Bearer ${token} `, "Bearer "]) {
      await expect(authenticate(undefined, header)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });

  it("does not fall back to a good key beside a bad token", async () => {
    await expect(authenticate("right-key", "Bearer a.b.c")).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
