import { describe, expect, it } from "vitest";
import { createCredentialsScene } from "../../test-support/credentials-scene.ts";
import type { NewApiKey } from "./api-keys.ts";

const REQUEST: NewApiKey = {
  name: "telephone",
  operations: ["chat.ask"],
  pathPrefixes: ["people/"],
  requestsPerMinute: undefined,
  requestsPerDay: undefined,
  expiresAtMs: undefined,
};

async function createScene(request: Partial<NewApiKey> = {}) {
  const scene = createCredentialsScene();
  const created = await scene.apiKeys.create({ ...REQUEST, ...request });
  return { ...scene, ...created };
}

describe("API keys", () => {
  it("are known by their key, with their scope", async () => {
    const { apiKeys, key, record } = await createScene();
    expect(key).toMatch(/^rag_[0-9a-f]{16}_[\w-]{43}$/);
    expect(await apiKeys.identify(key)).toEqual({
      kind: "apiKey",
      id: record.id,
      scope: { operations: ["chat.ask"], pathPrefixes: ["people/"], budget: undefined },
    });
  });

  it("are kept as a digest from which the key cannot be had", async () => {
    const { apiKeyStore, key } = await createScene();
    const secret = key.slice(-43);
    const stored = JSON.stringify(await apiKeyStore.listApiKeys());
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(Buffer.from(secret).toString("hex"));
  });

  it("never come twice", async () => {
    const { apiKeys } = await createScene();
    const keys = new Set<string>();
    for (let count = 0; count < 500; count += 1) keys.add((await apiKeys.create(REQUEST)).key.slice(-43));
    expect(keys.size).toBe(500);
  });

  it("are refused in every other spelling, in one answer", async () => {
    const { apiKeys, key, record } = await createScene();
    const { key: other } = await apiKeys.create(REQUEST);
    const flip = (at: number): string => `${key.slice(0, at)}${key[at] === "0" ? "1" : "0"}${key.slice(at + 1)}`;
    const wrong = [
      "",
      "rag_",
      `rag_${record.id}_`,
      `${key} `,
      ` ${key}`,
      `${key}A`,
      key.slice(0, -1),
      key.toUpperCase(),
      flip(4),
      flip(21),
      flip(63),
    ];
    for (const given of [...wrong, `rag_${record.id}_${other.slice(-43)}`, `${key}\0`, "constructor", "rag_constructor00_x"]) {
      await expect(apiKeys.identify(given)).rejects.toMatchObject({ code: "unauthenticated", message: "The API key is not valid." });
    }
  });

  it("end when they expire, to the millisecond, also while the store is away", async () => {
    const start = createCredentialsScene().time.ms;
    const { apiKeys, key, time, outage } = await createScene({ expiresAtMs: start + 60_000 });
    await apiKeys.identify(key);
    outage.isAway = true;
    time.ms = start + 59_999;
    await apiKeys.identify(key);
    time.ms = start + 60_000;
    await expect(apiKeys.identify(key)).rejects.toMatchObject({ code: "unauthenticated", message: expect.stringContaining("expired") });
    await expect(apiKeys.create({ ...REQUEST, expiresAtMs: time.ms })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("end at once when they are revoked here, and within five seconds when they are revoked elsewhere", async () => {
    const { apiKeys, createServices, key, record, time } = await createScene();
    const other = createServices().apiKeys;
    await other.identify(key);
    expect(await apiKeys.revoke(record.id)).toBe(true);
    await expect(apiKeys.identify(key)).rejects.toMatchObject({ message: expect.stringContaining("revoked") });
    time.ms += 5_000;
    await expect(other.identify(key)).rejects.toMatchObject({ message: expect.stringContaining("revoked") });
    expect(await apiKeys.revoke("0000000000000000")).toBe(false);
  });

  it("made elsewhere are known within five seconds", async () => {
    const { apiKeys, createServices, time } = await createScene();
    const other = createServices().apiKeys;
    await other.load();
    const { key } = await apiKeys.create(REQUEST);
    time.ms += 5_000;
    expect(await other.identify(key)).toMatchObject({ kind: "apiKey" });
  });

  it("that are known go on while the store is away", async () => {
    const { apiKeys, createServices, key, outage, time } = await createScene();
    const loaded = createServices().apiKeys;
    await loaded.load();
    outage.isAway = true;
    time.ms += 3_600_000;
    expect(await loaded.identify(key)).toMatchObject({ kind: "apiKey" });
    expect(await loaded.identify(key)).toMatchObject({ kind: "apiKey" });
    await expect(createServices().apiKeys.identify(key)).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(apiKeys.revoke("x")).rejects.toMatchObject({ code: "store_unavailable" });
  });

  it("made up in any number cost the store nothing", async () => {
    const { apiKeys, apiKeyStore, key } = await createScene();
    await apiKeys.load();
    let reads = 0;
    const original = apiKeyStore.listApiKeys;
    apiKeyStore.listApiKeys = () => {
      reads += 1;
      return original();
    };
    for (let count = 0; count < 1_000; count += 1) {
      await apiKeys.identify(`rag_${count.toString(16).padStart(16, "0")}_${key.slice(-43)}`).catch(() => {});
    }
    expect(reads).toBe(0);
  });

  it("share one budget over all their requests, which is their own", async () => {
    const { apiKeys, key } = await createScene({ requestsPerMinute: 2 });
    const { key: other } = await apiKeys.create({ ...REQUEST, requestsPerMinute: 2 });
    const spend = async (given: string): Promise<void> => {
      const principal = await apiKeys.identify(given);
      if (principal.kind === "apiKey") await principal.scope.budget?.spend();
    };
    await spend(key);
    await spend(key);
    await expect(spend(key)).rejects.toMatchObject({ code: "rate_limited" });
    await spend(other);
  });

  it("remember their last use, noted once a minute", async () => {
    const { apiKeys, key, time } = await createScene();
    const lastUse = async () => (await apiKeys.list())[0]?.lastUsedAtMs;
    expect(await lastUse()).toBeUndefined();
    const first = time.ms;
    await apiKeys.identify(key);
    time.ms += 59_999;
    await apiKeys.identify(key);
    expect(await lastUse()).toBe(first);
    time.ms += 1;
    await apiKeys.identify(key);
    expect(await lastUse()).toBe(first + 60_000);
  });
});
