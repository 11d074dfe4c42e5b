/** What every upload store must do. */
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Upload, UploadStore } from "../../uploads/upload-store.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
/** Bytes that no two pieces have alike. */
const bytesOf = (length: number, seed: number): Uint8Array => new Uint8Array(length).map((_, at) => (at * 31 + (at >> 8) * seed) % 256);

function uploadOf(path: string, bytes: Uint8Array, overrides: Partial<Upload> = {}): Upload {
  return {
    documentId: `doc_${path}`,
    path,
    mediaType: "text/markdown",
    sha256: sha256(bytes),
    sizeBytes: bytes.length,
    uploadedAtMs: 1_700_000_000_123,
    uploadedBy: "apiKey:default",
    ...overrides,
  };
}

const ROOMY = { maxTotalBytes: 1_000_000_000 };

/**
 * Registers the contract's tests.
 *
 * @param makeStore returns an empty store; called before each test.
 */
export function uploadStoreContract(name: string, makeStore: () => UploadStore | Promise<UploadStore>): void {
  describe(`${name} as an upload store`, () => {
    let store: UploadStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    async function save(path: string, bytes: Uint8Array, overrides: Partial<Upload> = {}, maxTotalBytes = ROOMY.maxTotalBytes): Promise<Upload> {
      const upload = uploadOf(path, bytes, overrides);
      await store.saveUpload(upload, [bytes], { maxTotalBytes });
      return upload;
    }

    it("knows nothing at first", async () => {
      expect(await store.listUploads()).toEqual([]);
      expect(await store.getUpload("doc_1")).toBeUndefined();
      expect(await store.readUpload("uploads/a.md")).toBeUndefined();
      expect(await store.removeUpload("doc_1")).toBeUndefined();
    });

    it.each([0, 1, 499_999, 500_000, 500_001, 1_700_001])("gives back %i bytes as they were, however they came", async (length) => {
      const bytes = bytesOf(length, 7);
      const upload = uploadOf("uploads/ü🦉.md", bytes);
      const cuts = [0, 1, 400_000, 400_000, 700_000, length].filter((at) => at <= length);
      const parts = cuts.map((at, index) => bytes.subarray(at, cuts[index + 1] ?? length));
      expect(await store.saveUpload(upload, parts, ROOMY)).toBe(true);
      const read = await store.readUpload(upload.path);
      expect(read?.upload).toEqual(upload);
      expect(read !== undefined && Buffer.compare(read.bytes, bytes) === 0).toBe(true);
      expect(await store.getUpload(upload.documentId)).toEqual(upload);
    });

    it("puts a file in the place of the one under its path, whole", async () => {
      await save("uploads/a.md", bytesOf(1_200_000, 3));
      const later = await save("uploads/a.md", text("short"), { uploadedAtMs: 1_700_000_000_999, mediaType: "text/plain", uploadedBy: "admin:ada" });
      expect(await store.readUpload("uploads/a.md")).toEqual({ upload: later, bytes: text("short") });
      expect(await store.listUploads()).toEqual([later]);
    });

    it("changes nothing for the same bytes", async () => {
      const first = await save("uploads/a.md", text("A."));
      expect(await store.saveUpload(uploadOf("uploads/a.md", text("A."), { uploadedAtMs: 1 }), [text("A.")], ROOMY)).toBe(false);
      expect(await store.listUploads()).toEqual([first]);
    });

    it("lists in the order of paths by their code points", async () => {
      for (const path of ["uploads/b.md", "uploads/a/z.md", "uploads/B.md", "uploads/é.md"]) await save(path, text(path));
      const paths = (await store.listUploads()).map(({ path }) => path);
      expect(paths).toEqual(["uploads/B.md", "uploads/a/z.md", "uploads/b.md", "uploads/é.md"]);
    });

    it("removes a file with its bytes, and leaves the others", async () => {
      const [first, second] = [await save("uploads/a.md", text("A.")), await save("uploads/b.md", text("B."))];
      expect(await store.removeUpload(first.documentId)).toEqual(first);
      expect(await store.removeUpload(first.documentId)).toBeUndefined();
      expect(await store.readUpload(first.path)).toBeUndefined();
      expect(await store.readUpload(second.path)).toEqual({ upload: second, bytes: text("B.") });
    });

    it("refuses what makes all files together too large, tells what to do, and keeps what was there", async () => {
      await save("uploads/a.md", bytesOf(600, 1), {}, 1_000);
      const earlier = await save("uploads/b.md", bytesOf(400, 2), {}, 1_000);
      const refused = save("uploads/c.md", text("C"), {}, 1_000);
      await expect(refused).rejects.toMatchObject({ code: "payload_too_large", message: expect.stringMatching(/1000 bytes.*DELETE/) });
      await expect(save("uploads/b.md", bytesOf(401, 2), {}, 1_000)).rejects.toMatchObject({ code: "payload_too_large" });
      expect(await store.readUpload("uploads/b.md")).toEqual({ upload: earlier, bytes: bytesOf(400, 2) });
      await save("uploads/b.md", bytesOf(300, 2), {}, 1_000);
      await save("uploads/c.md", bytesOf(100, 2), {}, 1_000);
    });

    it("lets no more in than there is room for, however many come at once", async () => {
      const saved = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => save(`uploads/${at}.md`, bytesOf(300, at), {}, 1_000)));
      expect(saved.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
      expect(await store.listUploads()).toHaveLength(3);
    });

    it("reads one version whole while another takes its place", async () => {
      const versions = [bytesOf(2_000_000, 3), bytesOf(2_000_000, 5)];
      await save("uploads/a.md", bytesOf(2_000_000, 9));
      let isReplacing = true;
      const replace = async (): Promise<void> => {
        for (let round = 0; round < 3; round += 1) for (const bytes of versions) await save("uploads/a.md", bytes);
        isReplacing = false;
      };
      const read = async (): Promise<void> => {
        while (isReplacing) {
          const found = await store.readUpload("uploads/a.md");
          expect(found && sha256(found.bytes)).toBe(found?.upload.sha256);
        }
      };
      await Promise.all([replace(), read(), read()]);
    });

    it("leaves one version whole of several that come at once", async () => {
      const versions = [bytesOf(700_000, 3), bytesOf(1_200_000, 5), bytesOf(10, 9), bytesOf(500_001, 11)];
      await Promise.all(versions.map((bytes) => save("uploads/a.md", bytes)));
      const read = await store.readUpload("uploads/a.md");
      expect(read && sha256(read.bytes)).toBe(read?.upload.sha256);
      expect(versions.map(sha256)).toContain(read?.upload.sha256);
    });
  });
}
