import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeDurably } from "./durable-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rag-durable-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("a file that is written durably", () => {
  it("takes the place of the earlier one, for its owner's eyes alone, whatever a killed run has left", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old", { mode: 0o644 });
    await writeFile(`${path}.new`, "half", { mode: 0o666 });
    await writeDurably(path, "new");
    expect([await readFile(path, "utf8"), (await stat(path)).mode & 0o777, await readdir(folder)]).toEqual(["new", 0o600, ["file"]]);
  });

  it("leaves nothing behind when it cannot be put in place", async () => {
    await mkdir(join(folder, "file"));
    await expect(writeDurably(join(folder, "file"), "new")).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["file"]);
  });
});
