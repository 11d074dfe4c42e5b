import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readOperations } from "./operations-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rag-operations-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string) {
  const path = join(folder, "operations.json");
  await writeFile(path, content);
  return await readOperations(path);
}

it("reads what backup and drill have noted, in whole or in part", async () => {
  const whole = { lastBackupAt: "2026-11-24T03:00:00.000Z", lastDrillAt: "2026-11-22T04:00:00Z", rtoSeconds: 7.5, rpoSeconds: 0 };
  expect(await read(JSON.stringify(whole))).toEqual(whole);
  expect(await read('{"lastBackupAt":null}')).toEqual({ lastBackupAt: null });
});

it("finds nothing noted where there is no file", async () => {
  expect(await readOperations(join(folder, "missing.json"))).toEqual({});
});

it.each(["", "{", "[]", '{"lastBackupAt":"yesterday"}', '{"rtoSeconds":-1}', '{"rpoSeconds":"0"}'])("refuses %j", async (content) => {
  await expect(read(content)).rejects.toThrow();
});
