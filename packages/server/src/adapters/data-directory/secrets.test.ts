import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadOrCreateSecrets, type SecretsOptions } from "./secrets.ts";

const ALL_GIVEN = { apiKey: "given key", secretKey: "given secret", adminPassword: "given password" };

describe("the secrets", () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "rag-secrets-"));
    path = join(directory, "secrets.json");
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const load = (options: Partial<SecretsOptions> = {}) => loadOrCreateSecrets({ directory, given: {}, mayCreate: true, ...options });

  it("are created once, different from each other, of 256 bits, readable by the owner alone", async () => {
    const first = await load();
    const values = Object.values(first.secrets);
    expect(first).toMatchObject({ created: true, path });
    expect(new Set(values).size).toBe(3);
    for (const value of values) expect(Buffer.from(value, "base64url")).toHaveLength(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["secrets.json"]);
    expect(await load()).toEqual({ ...first, created: false });
  });

  it("come from the configuration where that has them, and never reach the file from there", async () => {
    const { secrets, created } = await load({ given: { apiKey: "configured" } });
    const file = JSON.parse(await readFile(path, "utf8"));
    expect(created).toBe(true);
    expect(secrets).toEqual({ ...file, apiKey: "configured" });
    expect(file.apiKey).not.toBe("configured");
    expect((await load()).secrets).toEqual(file);
  });

  it("leave no trace on the disk when all are configured", async () => {
    expect(await load({ given: ALL_GIVEN })).toEqual({ secrets: ALL_GIVEN, created: false, path });
    expect(await readdir(directory)).toEqual([]);
  });

  it("are not invented where that is not allowed", async () => {
    await expect(load({ mayCreate: false, given: { apiKey: "configured" } })).rejects.toMatchObject({
      name: "ExitError",
      message: expect.stringContaining("SECRET_KEY"),
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it("are taken from an existing file where none may be invented", async () => {
    const { secrets } = await load();
    expect(await load({ mayCreate: false })).toEqual({ secrets, created: false, path });
  });

  it.each([
    ["cut off", '{"apiKey":"a","secretKey":"b","adm'],
    ["empty", ""],
    ["another kind of JSON", "[]"],
    ["one short", '{"apiKey":"a","secretKey":"b"}'],
    ["with an empty value", '{"apiKey":"a","secretKey":"b","adminPassword":""}'],
  ])("in a file that is %s are an error, and the file stays as it is", async (_, content) => {
    await writeFile(path, content);
    await expect(load()).rejects.toMatchObject({ name: "ExitError", message: expect.stringMatching(/damaged.*backup/) });
    expect(await readFile(path, "utf8")).toBe(content);
  });

  it("that became readable to others are closed to them again", async () => {
    await load();
    await chmod(path, 0o644);
    await load();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("do not mind what a killed write left behind", async () => {
    await writeFile(`${path}.new`, "half", { mode: 0o644 });
    expect((await load()).created).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["secrets.json"]);
  });
});
