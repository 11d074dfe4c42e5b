import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type KnowledgeSnapshot,
  readSnapshot,
  SNAPSHOT_VERSION,
  type SnapshotDocument,
  UnreadableSnapshot,
  writeSnapshot,
} from "./snapshot-format.ts";

function createDocument(text: string, cuts: readonly number[] = [0, text.length]): SnapshotDocument {
  const about = { path: "handbook/tower.md", title: "The tower", contentHash: "c0ffee" };
  const document = { ...about, id: "doc_1", format: "markdown", sourceHash: "5eed", sizeBytes: 7, updatedAtMs: 1_760_000_000_000, text } as const;
  const chunks = cuts.slice(1).map((end, ordinal) => {
    const start = cuts[ordinal] ?? 0;
    return {
      ...about,
      id: `doc_1.c0ffee.${ordinal}`,
      documentId: "doc_1",
      ordinal,
      start,
      end,
      headingPath: ["The tower"],
      text: text.slice(start, end),
    };
  });
  return { document, chunks };
}

const SNAPSHOT: KnowledgeSnapshot = {
  createdAt: "2026-08-01T12:00:00.000Z",
  documents: [createDocument("The tower was built by Ada Lund in 1912. It is 31 metres high.", [0, 41, 62])],
  space: Uint8Array.of(1, 2, 3),
};

const faultOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
  try {
    await readSnapshot(bytes);
    return "none";
  } catch (error) {
    if (error instanceof UnreadableSnapshot) return error.fault;
    throw error;
  }
};

describe("a snapshot", () => {
  it("reads as it was written, whatever texts and chunks it holds", async () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom("a", " ", "\n", "\0", "é", "😀", "\ud800", "\udc00")), maxLength: 40 });
    const document = text.chain((whole) =>
      fc.array(fc.nat({ max: whole.length }), { minLength: 1, maxLength: 5 }).map((cuts) =>
        createDocument(
          whole,
          cuts.toSorted((left, right) => left - right),
        ),
      ),
    );
    const space = fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.record({ createdAt: fc.constant(SNAPSHOT.createdAt), documents: fc.array(document), space }), async (snapshot) => {
        expect(await readSnapshot(await writeSnapshot(snapshot))).toEqual(snapshot);
      }),
      { numRuns: 50 },
    );
  });

  it("is refused wherever it is cut off", async () => {
    const bytes = await writeSnapshot(SNAPSHOT);
    for (let length = 0; length < bytes.length; length += 1) {
      expect([length, await faultOf(bytes.slice(0, length))]).toEqual([length, length < 8 ? "no_snapshot" : "cut_short"]);
    }
  });

  it("is refused whichever byte is changed, and whatever is appended", async () => {
    const bytes = await writeSnapshot(SNAPSHOT);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      expect([at, await faultOf(changed)]).not.toEqual([at, "none"]);
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(await faultOf(longer)).toBe("damaged");
  });

  it("of another version says which one", async () => {
    const bytes = await writeSnapshot(SNAPSHOT);
    new DataView(bytes.buffer).setUint32(4, SNAPSHOT_VERSION + 1, true);
    await expect(readSnapshot(bytes)).rejects.toMatchObject({
      fault: "other_version",
      message: `it is of version ${SNAPSHOT_VERSION + 1}, and this program reads version ${SNAPSHOT_VERSION}`,
    });
  });

  it("is told from any other file", async () => {
    expect(await faultOf(new TextEncoder().encode("<!doctype html><title>Not found</title>"))).toBe("no_snapshot");
  });

  it("with a chunk outside of its document is refused", async () => {
    const { document, chunks } = createDocument("short");
    const [chunk] = chunks;
    const outside = chunk === undefined ? [] : [{ ...chunk, end: 6 }];
    expect(await faultOf(await writeSnapshot({ ...SNAPSHOT, documents: [{ document, chunks: outside }] }))).toBe("damaged");
  });
});
