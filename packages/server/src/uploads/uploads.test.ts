import { createHash } from "node:crypto";
import { RagError } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { KEY_OPERATIONS, type Principal } from "../policy.ts";
import type { Upload } from "./upload-store.ts";
import { createUploads, type ReceivedFile } from "./uploads.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const ADMIN: Principal = { kind: "admin", id: "ada" };
const keyOf = (pathPrefixes: readonly string[] | undefined): Principal => ({
  kind: "apiKey",
  id: "k",
  scope: { operations: KEY_OPERATIONS, pathPrefixes, budget: undefined },
});
const fileOf = (text: string): ReceivedFile => {
  const bytes = new TextEncoder().encode(text);
  return { parts: [bytes], sizeBytes: bytes.length, sha256: sha256(text), mediaType: "text/markdown" };
};

function createScene() {
  const steps: string[] = [];
  const saved: Upload[] = [];
  const outage = { isAway: false };
  const uploads = createUploads({
    store: {
      async saveUpload(upload, _parts, { maxTotalBytes }) {
        if (outage.isAway) throw new RagError("store_unavailable", "away");
        expect(maxTotalBytes).toBe(5_000);
        steps.push("saved");
        saved.push(upload);
        return true;
      },
    },
    ingestion: {
      async startAnew() {
        steps.push("ingestion");
        return {
          id: `job-${steps.length}`,
          state: "running",
          startedAt: "",
          finishedAt: null,
          progress: { done: 0, total: 0 },
          counts: { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 },
          files: [],
          error: null,
        };
      },
    },
    digest: sha256,
    now: () => 1_700_000_000_000,
    limits: { maxBytes: 1_000, maxTotalBytes: 5_000 },
  });
  return { uploads, steps, saved, outage };
}

describe("uploads", () => {
  it("are kept before an ingestion is asked for that goes through them", async () => {
    const { uploads, steps, saved } = createScene();
    const documentId = `doc_${sha256("uploads/notes/a.md").slice(0, 24)}`;
    expect(await uploads.keep(ADMIN, "notes/a.md", fileOf("A."))).toEqual({ documentId, path: "uploads/notes/a.md", sizeBytes: 2, jobId: "job-2" });
    expect(steps).toEqual(["saved", "ingestion"]);
    expect(saved).toEqual([
      {
        documentId,
        path: "uploads/notes/a.md",
        mediaType: "text/markdown",
        sha256: sha256("A."),
        sizeBytes: 2,
        uploadedAtMs: 1_700_000_000_000,
        uploadedBy: "admin:ada",
      },
    ]);
  });

  it("that could not be kept start nothing", async () => {
    const { uploads, steps, outage } = createScene();
    outage.isAway = true;
    await expect(uploads.keep(ADMIN, "a.md", fileOf("A."))).rejects.toMatchObject({ code: "store_unavailable" });
    expect(steps).toEqual([]);
  });

  it("lie within the folders of the key that sends them, and of no other", async () => {
    const { uploads, saved } = createScene();
    await uploads.keep(keyOf(undefined), "a.md", fileOf("A."));
    await uploads.keep(keyOf(["people/", "uploads/ada/"]), "ada/a.md", fileOf("A."));
    for (const name of ["a.md", "adam/a.md", "ada", "people/a.md", "uploads/ada/a.md"]) {
      await expect(uploads.keep(keyOf(["people/", "uploads/ada/"]), name, fileOf("A."))).rejects.toMatchObject({ code: "forbidden" });
    }
    await expect(uploads.keep(keyOf(["people/"]), "../people/a.md", fileOf("A."))).rejects.toMatchObject({ code: "invalid_request" });
    expect(saved.map(({ path }) => path)).toEqual(["uploads/a.md", "uploads/ada/a.md"]);
  });

  it("are in memory four at once; the next is told to come again, and a place that is left twice is one place", () => {
    const { uploads } = createScene();
    const leave = Array.from({ length: 4 }, () => uploads.takePlace());
    expect(() => uploads.takePlace()).toThrow(expect.objectContaining({ code: "overloaded", retryAfterSeconds: 2 }));
    leave[0]?.();
    leave[0]?.();
    uploads.takePlace();
    expect(() => uploads.takePlace()).toThrow(expect.objectContaining({ code: "overloaded" }));
  });
});
