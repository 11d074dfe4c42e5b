import { RagError } from "@rag-personal/core";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { createRecordFollower, type IndexChanges } from "./record-follower.ts";
import type { DocumentVersion } from "./search-index.ts";

const KEPT = 3;

/** A record of documents by version, its log, and an index over both; other servers write by `commit`. */
function scene() {
  const record = new Map<string, string>();
  const index = new Map<string, string>();
  let log: { readonly number: number; readonly documentId: string | undefined }[] = [];
  let number = 0;
  let isAway = false;
  let trainings = 0;
  let spaces = 0;
  let reloads = 0;
  /** Called between the reading of the log and that of the record. */
  let onVersions = (): void => {};
  const due: { readonly atMs: number; readonly run: () => void }[] = [];
  let nowMs = 0;

  function note(documentId: string | undefined): void {
    number += 1;
    log = [...log, { number, documentId }].slice(-KEPT);
  }
  function requireRecord(): void {
    if (isAway) throw new RagError("store_unavailable", "away");
  }
  const versionIn = (store: Map<string, string>, id: string): DocumentVersion | undefined => {
    const contentHash = store.get(id);
    return contentHash === undefined ? undefined : { contentHash, chunkCount: 1 };
  };
  const follower = createRecordFollower({
    changes: {
      async position() {
        requireRecord();
        return { log: "one", number };
      },
      async changesSince(since): Promise<IndexChanges> {
        requireRecord();
        const position = { log: "one", number };
        if ((log[0]?.number ?? 1) > since.number + 1) return { position, documentIds: undefined, hasNewSpace: true };
        const later = log.filter((change) => change.number > since.number).map(({ documentId }) => documentId);
        return { position, documentIds: new Set(later.filter((id) => id !== undefined)), hasNewSpace: later.includes(undefined) };
      },
      async versionsOf(ids) {
        requireRecord();
        onVersions();
        return new Map(ids.flatMap((id) => [versionIn(record, id)].flatMap((version) => (version ? [[id, version] as const] : []))));
      },
    },
    index: {
      versionOf: (id) => versionIn(index, id),
      async takeOver({ changed, hasNewSpace }) {
        if (hasNewSpace) spaces += 1;
        for (const id of changed) {
          const stored = record.get(id);
          if (stored === undefined) index.delete(id);
          else index.set(id, stored);
        }
      },
      async reload() {
        reloads += 1;
        index.clear();
        for (const [id, version] of record) index.set(id, version);
        return 1;
      },
      trainBeside() {
        trainings += 1;
      },
    },
    pollMs: 1_000,
    timers: {
      set(delayMs, run) {
        const entry = { atMs: nowMs + delayMs, run };
        due.push(entry);
        return () => {
          const at = due.indexOf(entry);
          if (at >= 0) due.splice(at, 1);
        };
      },
    },
    clock: { monotonic: () => nowMs },
    log: pino({ level: "silent" }),
  });

  return {
    follower,
    index,
    counts: () => ({ trainings, spaces, reloads }),
    commit(documentId: string, version: string | undefined) {
      if (version === undefined) record.delete(documentId);
      else record.set(documentId, version);
      note(documentId);
    },
    keepSpace: () => note(undefined),
    setAway: (away: boolean) => {
      isAway = away;
    },
    beforeVersions(run: () => void) {
      onVersions = run;
    },
    /** Lets time pass, and whatever is due happen. */
    async pass(ms: number) {
      const until = nowMs + ms;
      for (;;) {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        const [next] = due.filter(({ atMs }) => atMs <= until).sort((one, other) => one.atMs - other.atMs);
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        nowMs = Math.max(nowMs, next.atMs);
        next.run();
      }
      nowMs = until;
    },
  };
}

describe("a server that follows the record", () => {
  it("takes over what others store and remove within one look, whether it heard of it or not", async () => {
    const { follower, index, commit, pass } = scene();
    await follower.begin();
    follower.follow();
    commit("doc", "1");
    await pass(1_100);
    expect([...index]).toEqual([["doc", "1"]]);
    commit("doc", undefined);
    await pass(1_100);
    expect([...index]).toEqual([]);
    await follower.stop();
  });

  it("does so at once when it is woken, and not more often than its rest allows", async () => {
    const { follower, index, commit, pass } = scene();
    await follower.begin();
    follower.follow();
    await pass(500);
    commit("doc", "1");
    follower.wake();
    await pass(30);
    expect(index.get("doc")).toBe("1");
    commit("doc", "2");
    follower.wake();
    await pass(30);
    expect(index.get("doc")).toBe("1");
    await pass(100);
    expect(index.get("doc")).toBe("2");
    await follower.stop();
  });

  it("mends what its own ingestion put into the index after another server had replaced it", async () => {
    const { follower, index, commit, pass } = scene();
    await follower.begin();
    follower.follow();
    commit("doc", "mine");
    commit("doc", "theirs");
    await pass(1_100);
    expect(index.get("doc")).toBe("theirs");
    // The ingestion of this server comes late to the index.
    index.set("doc", "mine");
    follower.touched("doc");
    await pass(1_100);
    expect(index.get("doc")).toBe("theirs");
    await follower.stop();
  });

  it("leaves alone what an ingestion of this server is just about to put into the index", async () => {
    const { follower, index, commit, pass, beforeVersions } = scene();
    await follower.begin();
    follower.follow();
    commit("doc", "mine");
    beforeVersions(() => index.set("doc", "mine"));
    await pass(1_100);
    expect(follower.status().takenOver).toBe(0);
    await follower.stop();
  });

  it("compares everything when the log does not reach back far enough", async () => {
    const { follower, index, commit, pass, counts } = scene();
    await follower.begin();
    for (let number = 0; number <= KEPT; number += 1) commit(`doc-${number}`, "1");
    follower.follow();
    await pass(10);
    expect([index.size, counts().reloads]).toEqual([KEPT + 1, 1]);
    await follower.stop();
  });

  it("goes on from where it was when the record has been away", async () => {
    const { follower, index, commit, pass, setAway } = scene();
    await follower.begin();
    follower.follow();
    await pass(10);
    setAway(true);
    await pass(3_000);
    expect(follower.status().behindMs).toBeGreaterThan(2_000);
    commit("doc", "1");
    setAway(false);
    await pass(1_100);
    expect([index.get("doc"), follower.status().behindMs]).toEqual(["1", expect.any(Number)]);
    expect(follower.status().behindMs).toBeLessThan(2_000);
    await follower.stop();
  });

  it("takes up a space that another server keeps, and learns one only when nobody does", async () => {
    const { follower, commit, keepSpace, pass, counts } = scene();
    await follower.begin();
    follower.follow();
    commit("doc", "1");
    keepSpace();
    await pass(30_000);
    expect(counts()).toEqual({ trainings: 0, spaces: 1, reloads: 0 });
    await pass(40_000);
    expect(counts().trainings).toBe(1);
    await follower.stop();
  });
});
