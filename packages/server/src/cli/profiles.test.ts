import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit-codes.ts";
import { findProfile, type Profiles, readProfiles, requireProfileName, writeProfiles } from "./profiles.ts";

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rag-test-"));
  path = join(folder, "rag", "config.json");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const noWarning = (message: string): never => {
  throw new Error(message);
};

const name = fc.stringMatching(/^[\w.-]{1,20}$/).filter((text) => text !== "__proto__");
const profile = fc.record({ url: fc.string(), apiKey: fc.string(), username: fc.string(), password: fc.string() }, { requiredKeys: ["url"] });

describe("profiles", () => {
  it("are read as they were written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, profile), name, async (profiles, current) => {
        const written: Profiles = { current, profiles };
        await writeProfiles(path, written);
        expect(await readProfiles(path, noWarning)).toEqual(written);
      }),
      { numRuns: 25 },
    );
    expect(await readdir(dirname(path))).toEqual(["config.json"]);
  });

  it("are for their owner's eyes, and say so when they are not", async () => {
    await writeProfiles(path, { profiles: {} });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o640);
    const warnings: string[] = [];
    await readProfiles(path, (message) => warnings.push(message));
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
  });

  it("are none where there is no file, and an error where there is another one", async () => {
    expect(await readProfiles(join(folder, "none.json"), noWarning)).toEqual({ profiles: {} });
    const other = join(folder, "other.json");
    await writeFile(other, '{"profiles": {"home": {}}}', { mode: 0o600 });
    await expect(readProfiles(other, noWarning)).rejects.toMatchObject({ exitCode: EXIT.failed, message: expect.stringContaining(other) });
  });

  it("are found by their own names alone", () => {
    const known: Profiles = { current: "b", profiles: { b: { url: "http://b" } } };
    expect(findProfile(known, undefined)?.url).toBe("http://b");
    for (const other of ["c", "constructor", "__proto__"]) expect(findProfile(known, other)).toBeUndefined();
    for (const bad of ["", "a b", "../x", "__proto__"])
      expect(() => requireProfileName(bad)).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });
});
