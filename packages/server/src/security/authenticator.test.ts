import { beforeAll, describe, expect, it } from "vitest";
import { ADMIN_PASSWORD, CONFIGURED_KEY, createCredentialsScene, USER_PASSWORD } from "../../test-support/credentials-scene.ts";
import { CLIENT_OPERATIONS } from "../policy.ts";

const scene = createCredentialsScene();
const authenticate = (apiKey?: string, authorization?: string) => scene.authenticator.authenticate({ apiKey, authorization });
const bearer = async (username: string): Promise<string> => `Bearer ${await scene.tokens.issue(username)}`;

beforeAll(async () => {
  await scene.users.ensureAdmin(ADMIN_PASSWORD);
  await scene.users.create({ username: "ada", email: "ada@example.org", password: USER_PASSWORD, isSuperuser: false });
});

describe("authenticator", () => {
  it("knows the configured key, a token's user, and nobody", async () => {
    await expect(authenticate(CONFIGURED_KEY)).resolves.toEqual({
      kind: "apiKey",
      id: "default",
      scope: { operations: CLIENT_OPERATIONS, pathPrefixes: undefined, budget: undefined },
    });
    await expect(authenticate(undefined, await bearer("admin"))).resolves.toEqual({ kind: "admin", id: "admin" });
    await expect(authenticate(undefined, await bearer("ada"))).resolves.toEqual({ kind: "user", id: "ada" });
    await expect(authenticate()).resolves.toEqual({ kind: "anonymous" });
  });

  it("knows a key that was made, by its own id and scope", async () => {
    const { key, record } = await scene.apiKeys.create({
      name: "telephone",
      operations: ["search.run"],
      pathPrefixes: ["people/"],
      requestsPerMinute: 5,
      requestsPerDay: undefined,
      expiresAtMs: undefined,
    });
    await expect(authenticate(key)).resolves.toEqual({
      kind: "apiKey",
      id: record.id,
      scope: { operations: ["search.run"], pathPrefixes: ["people/"], budget: { spend: expect.any(Function) } },
    });
  });

  it("takes a key as a bearer token, and gives it the same scope", async () => {
    const { key } = await scene.apiKeys.create({
      name: "chat app",
      operations: ["chat.ask"],
      pathPrefixes: ["people/"],
      requestsPerMinute: undefined,
      requestsPerDay: undefined,
      expiresAtMs: undefined,
    });
    for (const given of [CONFIGURED_KEY, key]) {
      await expect(authenticate(undefined, `Bearer ${given}`)).resolves.toEqual(await authenticate(given));
    }
  });

  it.each(["aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb.cccccccccccccccc", "a key with spaces, and of more than 32 bytes"])(
    "knows the configured key %j in both headers, whatever it looks like",
    async (configured) => {
      const { authenticator, tokens, users } = createCredentialsScene(configured);
      await expect(authenticator.authenticate({ apiKey: configured, authorization: undefined })).resolves.toMatchObject({ id: "default" });
      await expect(authenticator.authenticate({ apiKey: undefined, authorization: `Bearer ${configured}` })).resolves.toMatchObject({
        id: "default",
      });
      await users.ensureAdmin(ADMIN_PASSWORD);
      const authorization = `Bearer ${await tokens.issue("admin")}`;
      await expect(authenticator.authenticate({ apiKey: undefined, authorization })).resolves.toEqual({ kind: "admin", id: "admin" });
    },
  );

  it("takes no access token for a key", async () => {
    await expect(authenticate(await scene.tokens.issue("admin"))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it.each([
    ["a wrong key", `Bearer rag_0123456789abcdef_${"A".repeat(43)}`],
    ["what is neither key nor token", "Bearer a.b"],
    ["a key with something behind it", `Bearer ${CONFIGURED_KEY} more`],
    ["a key under another spelling of the scheme", `bearer ${CONFIGURED_KEY}`],
    ["a key after two spaces", `Bearer  ${CONFIGURED_KEY}`],
    ["a key without a scheme", CONFIGURED_KEY],
  ])("refuses %s as a bearer token instead of taking it for none", async (_, authorization) => {
    await expect(authenticate(undefined, authorization)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(authenticate(CONFIGURED_KEY, authorization)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("knows the configured key while the store is away, even if it never was there", async () => {
    const { authenticator, outage } = createCredentialsScene();
    outage.isAway = true;
    await expect(authenticator.authenticate({ apiKey: CONFIGURED_KEY, authorization: undefined })).resolves.toMatchObject({ id: "default" });
  });

  it.each(["", "right-kez", `${CONFIGURED_KEY} `, `${CONFIGURED_KEY}1`, CONFIGURED_KEY.toUpperCase()])(
    "refuses the key %j instead of taking it for none",
    async (key) => {
      await expect(authenticate(key)).rejects.toMatchObject({ code: "unauthenticated" });
    },
  );

  it("accepts no other scheme than Bearer, even with a valid token", async () => {
    const token = await scene.tokens.issue("admin");
    for (const header of [token, `bearer ${token}`, `Bearer  ${token}`, `Bearer ${token} `, "Bearer "]) {
      await expect(authenticate(undefined, header)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });

  it.each(["Basic YWRtaW46YWRtaW4=", 'Digest username="admin"', "Negotiate abc"])("does not look at %j", async (authorization) => {
    await expect(authenticate(undefined, authorization)).resolves.toEqual({ kind: "anonymous" });
    await expect(authenticate(CONFIGURED_KEY, authorization)).resolves.toMatchObject({ kind: "apiKey", id: "default" });
    await expect(authenticate("wrong", authorization)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("takes a valid token under another scheme for nothing", async () => {
    await expect(authenticate(undefined, `Basic ${await scene.tokens.issue("admin")}`)).resolves.toEqual({ kind: "anonymous" });
  });

  it("does not fall back to a good key beside a bad token", async () => {
    await expect(authenticate(CONFIGURED_KEY, "Bearer a.b.c")).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("refuses a valid token of nobody we know", async () => {
    await expect(authenticate(undefined, await bearer("ghost"))).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
