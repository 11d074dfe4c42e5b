import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createAccessTokens } from "./access-tokens.ts";

const SECRET = "b4e07d9135c84f6a9a2d6c1f03e8b75c";
const NOW_MS = 1_760_000_000_000;
const NOW = NOW_MS / 1000;

const tokensAt = (nowMs: number, secret = SECRET) => createAccessTokens({ secret, lifetimeMinutes: 30, nowMs: () => nowMs });
const key = new TextEncoder().encode(SECRET);

/** A token that is right in everything but what the caller changes. */
async function forged(claims: Record<string, unknown>, alg = "HS256", signingKey: Uint8Array = key): Promise<string> {
  const payload = { sub: "admin", iss: "rag-personal", aud: "rag-personal-admin", iat: NOW, exp: NOW + 1800, ...claims };
  const clean = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return await new SignJWT(clean).setProtectedHeader({ alg }).sign(signingKey);
}

describe("access tokens", () => {
  it("are accepted until they expire", async () => {
    const token = await tokensAt(NOW_MS).issue("admin");
    await expect(tokensAt(NOW_MS + 29 * 60_000).verify(token)).resolves.toEqual({ username: "admin", issuedAtMs: NOW_MS });
    await expect(tokensAt(NOW_MS + 31 * 60_000).verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("of the right make pass, so that the refusals below mean something", async () => {
    await expect(tokensAt(NOW_MS).verify(await forged({}))).resolves.toEqual({ username: "admin", issuedAtMs: NOW_MS });
  });

  it.each([
    ["no expiry", { exp: undefined }],
    ["no time of issue", { iat: undefined }],
    ["no subject", { sub: undefined }],
    ["an empty subject", { sub: "" }],
    ["another issuer", { iss: "somebody" }],
    ["another audience", { aud: "somebody" }],
    ["an expiry far beyond its lifetime", { exp: 1e12, iat: NOW - 86_400 }],
    ["an issue time in the future", { iat: NOW + 3_600, exp: NOW + 7_200 }],
    ["a start in the future", { nbf: NOW + 600 }],
  ])("with %s are refused", async (_, claims) => {
    await expect(tokensAt(NOW_MS).verify(await forged(claims))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("signed otherwise are refused", async () => {
    const other = new TextEncoder().encode("another-secret-another-secret-another-secret-another-secret-1234");
    const none = new UnsecuredJWT({ sub: "admin", iss: "rag-personal", aud: "rag-personal-admin", iat: NOW, exp: NOW + 60 }).encode();
    for (const token of [await forged({}, "HS256", other), await forged({}, "HS512", other), none, "", "a.b.c", "x"]) {
      await expect(tokensAt(NOW_MS).verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });
});
