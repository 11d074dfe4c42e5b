import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveAccess } from "./access.ts";
import type { CliEnvironment } from "./environment.ts";
import { EXIT } from "./exit-codes.ts";
import { writeProfiles } from "./profiles.ts";

let folder: string;
let profilesFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rag-test-"));
  profilesFile = join(folder, "rag", "config.json");
  await writeFile(join(folder, "secrets.json"), JSON.stringify({ apiKey: "folder-key", secretKey: "s", adminPassword: "folder-password" }));
  await writeProfiles(profilesFile, {
    current: "home",
    profiles: {
      home: { url: "http://home.example", apiKey: "home-key" },
      work: { url: "http://work.example", username: "eve", password: "work-password" },
    },
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const environment = (given: Partial<CliEnvironment> = {}): CliEnvironment => ({
  address: undefined,
  localAddress: "http://10.0.0.5:8000",
  apiKey: undefined,
  username: "admin",
  password: undefined,
  dataDir: join(folder, "nothing"),
  isDataDirNamed: false,
  profilesFile: join(folder, "nothing.json"),
  ...given,
});

const resolve = (given: Partial<CliEnvironment>, { url, profile }: { url?: string; profile?: string } = {}, needsCredential = true) =>
  resolveAccess({ url, profile }, environment(given), { needsCredential, warn: () => {} });

describe("the access", () => {
  it("is what the environment says, and nothing of the data folder besides", async () => {
    expect(await resolve({ address: "http://env.example", apiKey: "key", dataDir: folder, isDataDirNamed: true, profilesFile })).toEqual({
      address: "http://env.example",
      apiKey: "key",
      credentials: undefined,
    });
    expect(await resolve({ password: "p", username: "eve" })).toEqual({
      address: "http://10.0.0.5:8000",
      apiKey: undefined,
      credentials: { username: "eve", password: "p" },
    });
  });

  it("is in the data folder, before a profile", async () => {
    const secrets = { apiKey: "folder-key", credentials: { username: "admin", password: "folder-password" } };
    expect(await resolve({ dataDir: folder, profilesFile })).toEqual({ address: "http://10.0.0.5:8000", ...secrets });
    expect(await resolve({ dataDir: folder }, { url: "http://127.0.0.1:9" })).toMatchObject(secrets);
    expect(await resolve({ dataDir: folder, isDataDirNamed: true }, { url: "http://far.example" })).toMatchObject(secrets);
  });

  it.each(["", "no JSON", "null", "[]", '{"adminPassword": 1}'])("is not in a data folder whose secrets are %j", async (text) => {
    const dataDir = await mkdtemp(join(folder, "data-"));
    await writeFile(join(dataDir, "secrets.json"), text);
    await expect(resolve({ dataDir, isDataDirNamed: true })).rejects.toMatchObject({ exitCode: EXIT.notAllowed });
  });

  it("never takes the secrets of a folder that merely lies there to a server elsewhere", async () => {
    for (const url of ["http://far.example", "http://localhost.far.example", "http://127.0.0.1.far.example", "no address"]) {
      const access = await resolve({ dataDir: folder }, { url }, false);
      expect(access).toEqual({ address: url, apiKey: undefined, credentials: undefined });
    }
  });

  it("is the profile in use when nothing else says which server is meant", async () => {
    expect(await resolve({ profilesFile })).toMatchObject({ address: "http://home.example", apiKey: "home-key" });
    expect(await resolve({ profilesFile }, { url: "http://other.example" }, false)).toMatchObject({ apiKey: undefined });
  });

  it("is the profile that is named, whole, whatever else there is", async () => {
    expect(await resolve({ address: "http://env.example", apiKey: "key", dataDir: folder, profilesFile }, { profile: "work" })).toEqual({
      address: "http://work.example",
      apiKey: undefined,
      credentials: { username: "eve", password: "work-password" },
    });
    await expect(resolve({ profilesFile }, { profile: "toString" })).rejects.toMatchObject({ exitCode: EXIT.notFound });
  });

  it("without a credential says where one can come from", async () => {
    await expect(resolve({})).rejects.toMatchObject({ exitCode: EXIT.notAllowed, message: expect.stringContaining("RAG_API_KEY") });
    expect(await resolve({}, {}, false)).toMatchObject({ address: "http://10.0.0.5:8000" });
  });
});
