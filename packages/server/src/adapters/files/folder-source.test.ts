import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, realpath, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RagError, type SourceDocument, type SourceEntry, type SourceFailure, type Timers } from "@rag-personal/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { createFolderSource, type FolderSourceOptions } from "./folder-source.ts";

const timers: Timers = {
  set(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

async function createFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "rag-folder-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

function openSource(folder: string, options: Partial<FolderSourceOptions> = {}) {
  const source = createFolderSource({ folder, maxFileBytes: 1_000_000, maxFiles: 1_000, timers, ...options });
  onTestFinished(() => source.close());
  return {
    list: (signal?: AbortSignal) => Array.fromAsync(source.list(signal)),
    read: (path: string, signal?: AbortSignal): Promise<SourceDocument> => source.read({ kind: "file", path, sizeBytes: 0, sourceHash: "" }, signal),
  };
}

function pathsOf(items: readonly (SourceEntry | SourceFailure)[], kind: "file" | "failure"): string[] {
  return items.filter((item) => item.kind === kind).map((item) => item.path);
}

describe("listing a folder", () => {
  it("names every document with size and hash, in the order of the code units of its path", async () => {
    const folder = await createFolder({ "b.md": "b", "a/z.txt": "z", "a-b.md": "ab", "a/b/c.HTML": "c", "Z.csv": "1", README: "r", "é.md": "e" });
    const items = await openSource(folder).list();
    expect(pathsOf(items, "file")).toEqual(["README", "Z.csv", "a-b.md", "a/b/c.HTML", "a/z.txt", "b.md", "é.md"]);
    expect(items.map((item) => item.path)).toEqual(items.map((item) => item.path).toSorted());
    expect(items[5]).toEqual({ kind: "file", path: "b.md", sizeBytes: 1, sourceHash: createHash("sha256").update("b").digest("hex") });
  });

  it("does not read a folder whose name is reserved for another source, and says so", async () => {
    const folder = await createFolder({
      "a.md": "a",
      "uploads/b.md": "b",
      "notes/uploads/c.md": "c",
      "uploads-of-mine/d.md": "d",
      "Uploads/e.md": "e",
    });
    const source = openSource(folder, { reservedFolder: "uploads" });
    const items = await source.list();
    expect(pathsOf(items, "file").filter((path) => path !== "Uploads/e.md")).toEqual(["a.md", "notes/uploads/c.md", "uploads-of-mine/d.md"]);
    expect(items.filter(({ kind }) => kind === "failure")).toEqual([
      { kind: "failure", path: "uploads", scope: "folder", stage: "read", reason: expect.stringMatching(/reserved.*rename/) },
    ]);
    await expect(source.read("uploads/b.md")).rejects.toMatchObject({ stage: "read" });
    expect((await source.read("notes/uploads/c.md")).text).toBe("c");
  });

  it("never lists nor reads the folder that is excluded, under whatever name it is given", async () => {
    const folder = await createFolder({ "a.md": "a", "data/secrets.json": '{"apiKey":"x"}', "data/deep/b.md": "b", "data-of-mine/c.md": "c" });
    const alias = join(await createFolder(), "alias");
    await symlink(join(folder, "data"), alias);
    for (const exclude of [join(folder, "data"), alias]) {
      const source = openSource(folder, { exclude });
      expect(pathsOf(await source.list(), "file")).toEqual(["a.md", "data-of-mine/c.md"]);
      await expect(source.read("data/secrets.json")).rejects.toMatchObject({ stage: "read" });
    }
  });

  it("passes over hidden files, node_modules, links and other extensions, and counts them", async () => {
    const folder = await createFolder({
      "a.md": "a",
      ".hidden.md": "h",
      ".git/x.md": "g",
      "node_modules/p/README.md": "n",
      "photo.png": "p",
      Makefile: "m",
    });
    await symlink(join(folder, "a.md"), join(folder, "link.md"));
    await symlink(folder, join(folder, "loop"));
    const counted: unknown[] = [];
    const items = await openSource(folder, { onIgnored: (counts) => counted.push(counts) }).list();
    expect(items.map((item) => item.path)).toEqual(["a.md"]);
    expect(counted).toEqual([{ hidden: 3, unsupported: 2, links: 2 }]);
  });

  it("does not follow links that leave the folder", async () => {
    const outside = await createFolder({ "secret.md": "secret" });
    const folder = await createFolder({ "a.md": "a" });
    await symlink(outside, join(folder, "out"));
    await symlink(join(outside, "secret.md"), join(folder, "secret.md"));
    const source = openSource(folder);
    expect((await source.list()).map((item) => item.path)).toEqual(["a.md"]);
    await expect(source.read("secret.md")).rejects.toMatchObject({ stage: "read" });
    await expect(source.read("out/secret.md")).rejects.toMatchObject({ stage: "read" });
  });

  it("may itself be reached through a link", async () => {
    const folder = await createFolder({ "docs/a.md": "a" });
    await symlink(join(folder, "docs"), join(folder, "link"));
    const source = openSource(join(folder, "link"));
    expect((await source.list()).map((item) => item.path)).toEqual(["a.md"]);
    expect((await source.read("a.md")).text).toBe("a");
  });

  it("sets aside what is too large, without reading it", async () => {
    const folder = await createFolder({ "huge.txt": "", "small.txt": "s" });
    await truncate(join(folder, "huge.txt"), 1_000_000_000_000);
    expect(await openSource(folder).list()).toMatchObject([
      { kind: "failure", path: "huge.txt", scope: "file", stage: "read", reason: "it is larger than 1000000 bytes (MAX_FILE_BYTES)" },
      { kind: "file", path: "small.txt" },
    ]);
  });

  it("sets aside pipes and sockets, without waiting for their other end", async () => {
    const folder = await createFolder({ "a.md": "a" });
    execFileSync("mkfifo", [join(folder, "pipe.md")]);
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(folder, "socket.txt"), resolve));
    onTestFinished(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
    const source = openSource(folder);
    const items = await source.list();
    expect(pathsOf(items, "file")).toEqual(["a.md"]);
    expect(pathsOf(items, "failure")).toEqual(["pipe.md", "socket.txt"]);
    await expect(source.read("pipe.md")).rejects.toThrow("it is not a regular file");
  });

  it("tells of a folder that cannot be listed and goes on", async () => {
    const folder = await createFolder({ "z.md": "z" });
    // A path longer than the operating system takes, made by moving one long chain of folders to the end of another.
    const chain = Array.from({ length: 12 }, () => "d".repeat(200)).join("/");
    await mkdir(join(folder, "first", chain), { recursive: true });
    const second = await createFolder();
    await mkdir(join(second, chain), { recursive: true });
    const start = chain.slice(0, 200);
    await rename(join(second, start), join(folder, "first", chain, start));
    onTestFinished(() => rename(join(folder, "first", chain, start), join(second, start)));
    const items = await openSource(folder).list();
    expect(items).toMatchObject([
      { kind: "failure", scope: "folder", stage: "read", reason: "its path is too long" },
      { kind: "file", path: "z.md" },
    ]);
  });

  it("tells of a name that is no Unicode", async () => {
    const folder = await createFolder();
    await writeFile(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9]), Buffer.from(".md")]), "x");
    expect(await openSource(folder).list()).toMatchObject([{ kind: "failure", scope: "file", stage: "read" }]);
  });

  it("keeps two files apart that differ only in the Unicode form of their names", async () => {
    const folder = await createFolder({ "caf\u00e9.md": "one", "cafe\u0301.md": "two" });
    const source = openSource(folder);
    const paths = pathsOf(await source.list(), "file");
    expect(new Set(paths).size).toBe(2);
    expect(await Promise.all(paths.map(async (path) => (await source.read(path)).text))).toEqual(["two", "one"]);
  });

  it("lists nothing when there are more documents than allowed", async () => {
    const folder = await createFolder({ "a.md": "a", "b.md": "b", "c.md": "c" });
    await expect(openSource(folder, { maxFiles: 2 }).list()).rejects.toMatchObject({
      code: "payload_too_large",
      message: expect.stringContaining("MAX_FILES"),
    });
    expect(await openSource(folder, { maxFiles: 3 }).list()).toHaveLength(3);
  });

  it.each(["missing", "a.md"])("says which setting to correct when the folder is none: %s", async (name) => {
    const folder = await createFolder({ "a.md": "a" });
    const listing = openSource(join(folder, name)).list();
    await expect(listing).rejects.toBeInstanceOf(RagError);
    await expect(listing).rejects.toThrow("Set DOCS_DIR");
    await expect(listing).rejects.toMatchObject({
      message: expect.not.stringContaining(folder),
      cause: { message: expect.stringContaining(folder) },
    });
  });

  it("ends when the signal says so", async () => {
    const folder = await createFolder({ "a.md": "a", "b.md": "b" });
    await expect(openSource(folder).list(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  });
});

describe("reading a document", () => {
  it.each([
    ["notes/tea.md", "# Green tea\n\nText.", "markdown", "Green tea", "# Green tea\n\nText."],
    ["green-tea.txt", "Just text.\r\nMore.", "text", "Green tea", "Just text.\nMore."],
    ["LICENSE", "Do as you like.", "text", "LICENSE", "Do as you like."],
    ["page.html", "<html><head><title>Tea</title></head><body><p>Text.</p></body></html>", "html", "Tea", "# Tea\n\nText."],
    ["tea_prices.csv", "tea,price\nSencha,4", "csv", "Tea prices", "tea: Sencha; price: 4"],
    ["tea.tsv", "tea\tprice\nSencha\t4", "csv", "Tea", "tea: Sencha; price: 4"],
    ["tea.json", '{"tea": "Sencha"}', "json", "Tea", "tea: Sencha"],
    ["tea.ndjson", '{"tea": "Sencha"}\n{"tea": "Assam"}', "json", "Tea", "tea: Sencha\n\ntea: Assam"],
  ])("turns %s into text", async (path, content, format, title, text) => {
    const folder = await createFolder({ [path]: content });
    const sourceHash = createHash("sha256").update(content).digest("hex");
    expect(await openSource(folder).read(path)).toEqual({ format, title, text, sourceHash, sizeBytes: Buffer.byteLength(content) });
  });

  it.each([
    ["a.md", "%PDF-1.7", "decode", "it is a PDF document, not text"],
    ["b.csv", "PK\x03\x04\x14\0", "decode", "it is a ZIP archive or an office document, not text"],
    ["empty.md", "", "decode", "it is empty"],
    ["blank.txt", " \n ", "decode", "it holds nothing but white space"],
    ["empty.html", "<html><script>x</script></html>", "parse", "it holds no text"],
    ["empty.json", "[]", "parse", "it holds no text"],
    ["bad.json", '{"a": }', "parse", "it is not valid JSON: a value is missing or wrong (line 1, column 7)"],
    ["bad.csv", 'a,b\n1,"x', "parse", "line 2: a quotation mark was opened and never closed"],
  ])("refuses %s with stage and reason", async (path, content, stage, message) => {
    const folder = await createFolder({ [path]: Buffer.from(content, "latin1") });
    await expect(openSource(folder).read(path)).rejects.toMatchObject({ code: "unprocessable_document", stage, message });
  });

  it("stores neither NUL nor half a surrogate pair, whatever escapes say", async () => {
    const folder = await createFolder({ "a.json": '{"a": "x\\u0000y\\ud800z\\r\\nw"}', "b.html": "<p>a&#0;b&#xd800;c</p>" });
    const source = openSource(folder);
    expect((await source.read("a.json")).text).toBe("a: xy\ufffdz\nw");
    const { text } = await source.read("b.html");
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain("\0");
  });

  it("believes the encoding that a page states", async () => {
    const folder = await createFolder({ "a.html": Buffer.from('<meta charset="shift_jis"><p>\x93\xfa\x96\x7b</p>', "latin1") });
    expect((await openSource(folder).read("a.html")).text).toBe("日本");
  });

  it.each(["../a.md", "/a.md", "sub/../../a.md", ".hidden.md", "a.md\0.md", "photo.png", "", "node_modules/a.md"])(
    "reads no path that a listing cannot name: %j",
    async (path) => {
      const folder = await createFolder({ "docs/.hidden.md": "h", "a.md": "a", "docs/node_modules/a.md": "n" });
      await expect(openSource(join(folder, "docs")).read(path)).rejects.toMatchObject({ code: "unprocessable_document", stage: "read" });
    },
  );

  it("reads one line of 20 MB without holding up others", async () => {
    const folder = await createFolder();
    const file = await open(join(folder, "line.txt"), "w");
    for (let part = 0; part < 20; part += 1) await file.write("größer ".repeat(125_000));
    await file.close();
    let turns = 0;
    let isReading = true;
    const count = () => {
      turns += 1;
      if (isReading) setImmediate(count);
    };
    setImmediate(count);
    const { text } = await openSource(folder, { maxFileBytes: 50_000_000 }).read("line.txt");
    isReading = false;
    expect(text).toHaveLength(17_500_000);
    expect(turns).toBeGreaterThan(20);
  });
});
