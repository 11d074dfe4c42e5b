import { createHash } from "node:crypto";
import { appendFile, mkdir, mkdtemp, open, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { hashFile, openRegularFile, type ReadableFile, readUnchanged } from "./regular-file.ts";

async function createFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "rag-files-")));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** Opens the real file; `onRead` runs after each of its reads, numbered from 1 over all openings. */
function openWatched(path: string, onRead: (count: number) => Promise<void>): () => Promise<ReadableFile> {
  let count = 0;
  return async () => {
    const handle = await open(path);
    return {
      stat: (options) => handle.stat(options),
      close: () => handle.close(),
      async read(...args) {
        const result = await handle.read(...args);
        count += 1;
        await onRead(count);
        return result;
      },
    };
  };
}

const unlimited = { maxBytes: 1_000_000 };

describe("a regular file", () => {
  it("is opened where it lies", async () => {
    const folder = await createFolder({ "a/b.md": "text" });
    const file = await openRegularFile(folder, "a/b.md");
    onTestFinished(() => file.close());
    expect(await file.readFile("utf8")).toBe("text");
  });

  it("is not opened through a link, be it the file or a folder on the way", async () => {
    const outside = await createFolder({ "secret.md": "secret" });
    const folder = await createFolder();
    await symlink(join(outside, "secret.md"), join(folder, "link.md"));
    await symlink(outside, join(folder, "linked"));
    await expect(openRegularFile(folder, "link.md")).rejects.toThrow("symbolic link");
    await expect(openRegularFile(folder, "linked/secret.md")).rejects.toThrow("does not lie inside");
  });

  it("is not opened when a link took the place of its folder after the folder was listed", async () => {
    const outside = await createFolder({ "a.md": "secret" });
    const folder = await createFolder({ "sub/a.md": "text" });
    await rename(join(folder, "sub"), join(folder, "moved"));
    await symlink(outside, join(folder, "sub"));
    await expect(openRegularFile(folder, "sub/a.md")).rejects.toThrow("does not lie inside");
  });

  it.each(["../x.md", "a/../../x.md", "../../../../etc/hostname"])("is not opened outside the folder: %s", async (path) => {
    await expect(openRegularFile(await createFolder(), path)).rejects.toThrow("does not lie inside");
  });

  it.each([
    ["missing.md", "moved or deleted"],
    ["a.md/b.md", "moved or deleted"],
    [".", "does not lie inside"],
    [`${"x".repeat(300)}.md`, "path is too long"],
  ])("is refused in words: %s", async (path, reason) => {
    await expect(openRegularFile(await createFolder({ "a.md": "" }), path)).rejects.toMatchObject({
      stage: "read",
      message: expect.stringContaining(reason),
    });
  });

  it("is refused when it is a folder", async () => {
    await expect(openRegularFile(await createFolder({ "a.md/b": "" }), "a.md")).rejects.toThrow("not a regular file");
  });

  it("is hashed block by block", async () => {
    const content = "0123456789".repeat(60_000);
    const folder = await createFolder({ "a.txt": content });
    const file = await open(join(folder, "a.txt"));
    onTestFinished(() => file.close());
    const sourceHash = createHash("sha256").update(content).digest("hex");
    expect(await hashFile(file, unlimited)).toEqual({ sourceHash, sizeBytes: 600_000 });
  });

  it("is refused when it is too large, also when it grows too large", async () => {
    const folder = await createFolder({ "a.txt": "x".repeat(101), "grows.txt": "x" });
    await expect(readUnchanged(() => openRegularFile(folder, "a.txt"), { maxBytes: 100 })).rejects.toThrow("larger than 100 bytes (MAX_FILE_BYTES)");
    const grows = join(folder, "grows.txt");
    const file = await open(grows);
    onTestFinished(() => file.close());
    const growing: ReadableFile = {
      stat: () => file.stat({ bigint: true }),
      close: () => file.close(),
      async read(...args) {
        await appendFile(grows, "x".repeat(200));
        return file.read(...args);
      },
    };
    await expect(hashFile(growing, { maxBytes: 1 })).rejects.toThrow("larger than 1 bytes");
  });

  it("is read once more when it changes while it is read", async () => {
    const folder = await createFolder({ "a.txt": "first" });
    const path = join(folder, "a.txt");
    const openFile = openWatched(path, async (count) => {
      if (count === 1) await appendFile(path, " and more");
    });
    const { bytes, sourceHash } = await readUnchanged(openFile, unlimited);
    expect(bytes.toString()).toBe("first and more");
    expect(sourceHash).toBe(createHash("sha256").update("first and more").digest("hex"));
  });

  it("is set aside when it does not stop changing", async () => {
    const folder = await createFolder({ "a.txt": "first" });
    const path = join(folder, "a.txt");
    await expect(
      readUnchanged(
        openWatched(path, () => appendFile(path, "x")),
        unlimited,
      ),
    ).rejects.toMatchObject({
      stage: "read",
      message: "it changed while it was being read; the next ingestion tries again",
    });
  });

  it("is set aside when only its times tell that it was written to", async () => {
    const folder = await createFolder({ "a.txt": "12345" });
    const path = join(folder, "a.txt");
    let seconds = 0;
    const openFile = openWatched(path, async () => {
      seconds += 1;
      const file = await open(path, "r+");
      await file.utimes(seconds, seconds);
      await file.close();
    });
    await expect(readUnchanged(openFile, unlimited)).rejects.toThrow("changed while it was being read");
  });

  it("that the disk fails to give is set aside", async () => {
    const folder = await createFolder({ "a.txt": "12345" });
    const broken = openWatched(join(folder, "a.txt"), async () => {
      throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO", syscall: "read" });
    });
    await expect(readUnchanged(broken, unlimited)).rejects.toMatchObject({ stage: "read", message: "the disk failed to read it (EIO)" });
  });

  it("is given up when the signal says so", async () => {
    const folder = await createFolder({ "a.txt": "12345" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(readUnchanged(() => openRegularFile(folder, "a.txt"), { ...unlimited, signal })).rejects.toThrow("enough");
  });
});
