import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DataDirectory, openDataDirectory } from "./data-directory.ts";

describe("the data directory", () => {
  let parent: string;
  const held: DataDirectory[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "rag-data-directory-"));
  });

  afterEach(async () => {
    for (const directory of held.splice(0)) await directory.release();
    await rm(parent, { recursive: true, force: true });
  });

  async function hold(path: string): Promise<DataDirectory> {
    const directory = await openDataDirectory(path);
    held.push(directory);
    return directory;
  }

  /** Another process that holds the folder until it is killed. */
  async function holdInAnotherProcess(path: string): Promise<{ readonly pid: number | undefined; kill(): Promise<void> }> {
    const module = new URL("./data-directory.ts", import.meta.url).href;
    const script = `const { openDataDirectory } = await import(${JSON.stringify(module)});
      globalThis.held = await openDataDirectory(${JSON.stringify(path)});
      console.log("held");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return {
      pid: child.pid,
      async kill() {
        const exited = once(child, "exit");
        child.kill("SIGKILL");
        await exited;
      },
    };
  }

  it("is created with its parents, for its owner alone", async () => {
    const directory = await hold(join(parent, "a", "b"));
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
    expect(directory.resolve("postgres")).toBe(join(parent, "a", "b", "postgres"));
  });

  it("leaves the permissions of a folder that exists alone", async () => {
    const path = join(parent, "shared");
    await mkdir(path, { mode: 0o755 });
    await hold(path);
    expect((await stat(path)).mode & 0o777).toBe(0o755);
  });

  it("refuses a second server and says which process has it since when", async () => {
    const path = join(parent, "data");
    await hold(path);
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      name: "ExitError",
      message: expect.stringMatching(new RegExp(`in use by another server \\(process ${process.pid}, since \\d{4}-\\d\\d-\\d\\dT`)),
    });
  });

  it("refuses while another process lives, and opens once that one was killed", async () => {
    const path = join(parent, "data");
    const other = await holdInAnotherProcess(path);
    await expect(openDataDirectory(path)).rejects.toMatchObject({ name: "ExitError", message: expect.stringContaining(`process ${other.pid},`) });
    await other.kill();
    await expect(hold(path)).resolves.toMatchObject({ path });
  });

  it("is not fooled by the number of a dead server that a living process now has", async () => {
    const path = join(parent, "data");
    await mkdir(path);
    await writeFile(join(path, "server.json"), JSON.stringify({ pid: process.ppid, since: "2020-01-01T00:00:00.000Z" }));
    await writeFile(join(path, "lock"), "");
    await expect(hold(path)).resolves.toMatchObject({ path });
  });

  it("can be opened again after its release, which may be called twice", async () => {
    const path = join(parent, "data");
    const first = await hold(path);
    await first.release();
    await hold(path);
    await first.release();
    await expect(openDataDirectory(path)).rejects.toThrow("in use");
  });

  it("works under a path longer than a socket's may be", async () => {
    const path = join(parent, "x".repeat(120), "y".repeat(120));
    await hold(path);
    await expect(openDataDirectory(path)).rejects.toThrow("in use");
  });

  it("says what to do when the path cannot be a folder", async () => {
    const path = join(parent, "file");
    await writeFile(path, "");
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      name: "ExitError",
      message: expect.stringMatching(/cannot be used: .*Set DATA_DIR/),
    });
  });
});
