import type { StoredDocument } from "@rag-personal/core";
import { describe, expect, it } from "vitest";
import { createDocumentDeletion } from "./document-deletion.ts";
import { KEY_OPERATIONS, type Principal } from "./policy.ts";
import type { Upload } from "./uploads/upload-store.ts";

const ADMIN: Principal = { kind: "admin", id: "ada" };
const KEY: Principal = { kind: "apiKey", id: "k", scope: { operations: KEY_OPERATIONS, pathPrefixes: ["uploads/ada/"], budget: undefined } };

const documentOf = (path: string): StoredDocument => ({
  id: `doc_${path}`,
  path,
  title: path,
  format: "text",
  contentHash: "",
  sourceHash: "",
  sizeBytes: 1,
  updatedAtMs: 0,
  text: "A",
});
const uploadOf = (path: string): Upload => ({
  documentId: `doc_${path}`,
  path,
  mediaType: "text/plain",
  sha256: "",
  sizeBytes: 1,
  uploadedAtMs: 0,
  uploadedBy: "admin:ada",
});

function createScene({ documents, uploads }: { readonly documents: readonly string[]; readonly uploads: readonly string[] }) {
  const rows = new Map(documents.map(documentOf).map((document) => [document.id, document]));
  const files = new Map(uploads.map(uploadOf).map((upload) => [upload.documentId, upload]));
  const steps: string[] = [];
  const ingestion = { isBusy: false };
  const remove = createDocumentDeletion({
    documents: {
      getDocument: async (id) => rows.get(id),
      async removeDocument(id) {
        steps.push("document");
        const row = rows.get(id);
        rows.delete(id);
        return row && { documentId: id, path: row.path, rows: { documents: 1, chunks: 2 } };
      },
    },
    uploads: {
      getUpload: async (id) => files.get(id),
      async removeUpload(id) {
        steps.push("upload");
        const file = files.get(id);
        files.delete(id);
        return file;
      },
    },
    index: {
      async forget() {
        steps.push("index");
        return [];
      },
    },
    vectors: undefined,
    ingestion: {
      isBusy: async () => ingestion.isBusy,
      startAnew() {
        steps.push("ingestion");
        return Promise.reject(new Error("its result is not needed"));
      },
    },
  });
  return { remove, steps, ingestion, left: () => [[...rows.keys()], [...files.keys()]] };
}

describe("the deletion of a document", () => {
  it("removes the upload that it was made of first, so that it cannot come back", async () => {
    const { remove, steps, left } = createScene({ documents: ["uploads/a.md", "b.md"], uploads: ["uploads/a.md"] });
    expect(await remove(ADMIN, "doc_uploads/a.md")).toEqual({
      documentId: "doc_uploads/a.md",
      path: "uploads/a.md",
      rows: { documents: 1, chunks: 2 },
      upload: true,
      index: { chunks: 0 },
    });
    expect(steps).toEqual(["upload", "document", "index"]);
    expect(await remove(ADMIN, "doc_b.md")).toMatchObject({ path: "b.md", upload: false });
    expect(left()).toEqual([[], []]);
  });

  it("removes an upload of which no document could be made", async () => {
    const { remove } = createScene({ documents: [], uploads: ["uploads/a.pdf"] });
    expect(await remove(ADMIN, "doc_uploads/a.pdf")).toMatchObject({ path: "uploads/a.pdf", rows: { documents: 0, chunks: 0 }, upload: true });
    expect(await remove(ADMIN, "doc_uploads/a.pdf")).toBeUndefined();
  });

  it("reaches as far as the key's folders, and takes what lies elsewhere for nothing", async () => {
    const paths = ["uploads/ada/a.md", "uploads/a.md", "a.md"];
    const { remove, steps, left } = createScene({ documents: paths, uploads: paths.slice(0, 2) });
    for (const id of ["doc_uploads/a.md", "doc_a.md", "doc_none"]) expect(await remove(KEY, id)).toBeUndefined();
    expect(steps).toEqual([]);
    expect(await remove(KEY, "doc_uploads/ada/a.md")).toMatchObject({ upload: true });
    expect(left()).toEqual([["doc_uploads/a.md", "doc_a.md"], ["doc_uploads/a.md"]]);
  });

  it("asks for another ingestion when one runs that may have read the upload already", async () => {
    const { remove, steps, ingestion } = createScene({ documents: ["a.md"], uploads: ["uploads/a.md"] });
    ingestion.isBusy = true;
    await remove(ADMIN, "doc_a.md");
    expect(steps).not.toContain("ingestion");
    await remove(ADMIN, "doc_uploads/a.md");
    expect(steps.at(-1)).toBe("ingestion");
  });
});
