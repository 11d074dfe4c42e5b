import { createHash } from "node:crypto";
import type { Timers } from "@rag-personal/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { createUploadSource } from "./upload-source.ts";

const timers: Timers = {
  set(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

function openSource(files: Readonly<Record<string, string | Uint8Array>>) {
  const uploads = Object.entries(files).map(([path, content]) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const upload = { documentId: "", path, mediaType: "image/png", sha256, sizeBytes: bytes.length, uploadedAtMs: 0, uploadedBy: "" };
    return { upload, bytes };
  });
  const reads: string[] = [];
  const source = createUploadSource({
    uploads: {
      listUploads: async () => uploads.map(({ upload }) => upload),
      async readUpload(path) {
        reads.push(path);
        return uploads.find(({ upload }) => upload.path === path);
      },
    },
    pathPrefix: "uploads/",
    timers,
  });
  onTestFinished(() => source.close());
  return { source, reads, read: (path: string) => source.read({ kind: "file", path, sizeBytes: 0, sourceHash: "" }) };
}

const PDF = new TextEncoder().encode("%PDF-1.7 and so on");

describe("uploads as a source", () => {
  it("are listed with size and hash", async () => {
    const { source } = openSource({ "uploads/a.md": "A." });
    const sourceHash = createHash("sha256").update("A.").digest("hex");
    expect(await Array.fromAsync(source.list())).toEqual([{ kind: "file", path: "uploads/a.md", sizeBytes: 2, sourceHash }]);
  });

  it("are read by their names and bytes, whatever type they were sent as", async () => {
    const { read } = openSource({ "uploads/a.md": "# Bees\n\nThe hive.", "uploads/b.csv": "name,year\nAda,1912", "uploads/c.html": "<p>Tea.</p>" });
    expect(await read("uploads/a.md")).toMatchObject({ title: "Bees", format: "markdown", sizeBytes: 17 });
    expect(await read("uploads/b.csv")).toMatchObject({ format: "csv", text: expect.stringContaining("name: Ada; year: 1912") });
    expect(await read("uploads/c.html")).toMatchObject({ format: "html", text: expect.stringContaining("Tea.") });
  });

  it("with a name that is none of a document's are text, if their bytes are", async () => {
    const { read } = openSource({ "uploads/server.log": "started\nstopped", "uploads/scan.pdf": PDF });
    expect(await read("uploads/server.log")).toMatchObject({ title: "Server", format: "text", text: "started\nstopped" });
    await expect(read("uploads/scan.pdf")).rejects.toMatchObject({ stage: "decode", message: expect.stringContaining("a PDF document") });
  });

  it("that cannot be text, or are gone, are set aside with a reason", async () => {
    const { read } = openSource({ "uploads/a.md": PDF, "uploads/b.json": "{", "uploads/c.md": "" });
    await expect(read("uploads/a.md")).rejects.toMatchObject({ stage: "decode" });
    await expect(read("uploads/b.json")).rejects.toMatchObject({ stage: "parse" });
    await expect(read("uploads/c.md")).rejects.toMatchObject({ stage: "decode", message: "it is empty" });
    await expect(read("uploads/none.md")).rejects.toMatchObject({ stage: "read", message: "it was deleted meanwhile" });
  });

  it("that could not be read do not travel again with the next ingestion, unless their bytes are others", async () => {
    const { source, reads } = openSource({ "uploads/a.md": PDF });
    const [entry] = await Array.fromAsync(source.list());
    if (entry?.kind !== "file") throw new Error("a file was expected");
    for (let round = 0; round < 3; round += 1)
      await expect(source.read(entry)).rejects.toMatchObject({ message: expect.stringContaining("a PDF document") });
    expect(reads).toEqual(["uploads/a.md"]);
    await expect(source.read({ ...entry, sourceHash: "another" })).rejects.toThrow();
    expect(reads).toHaveLength(2);
  });
});
