import { RagError, type Timers } from "@rag-personal/core";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { createRecordFollower, type IndexChanges } from "./record-follower.ts";
import type { DocumentVersion } from "./search-index.ts";

const KEPT = 3;

/** A record of documents by version, its log, and an index over both; other servers write by `commit`. */
function scene() {
  const record = new Map<string, string>();
  const index = new Map<string, string>();
  const searchable = new Map<string, string>();
  let log: { readonly number: number; readonly documentId: string | undefined }[] = [];
  let number = 0;
  let isAway = false;
  let isFailing = false;
  let takeOverMs = 0;
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
  const timers: Timers = {
    set(delayMs, run) {
      const entry = { atMs: nowMs + delayMs, run };
      due.push(entry);
      return () => {
        const at = due.indexOf(entry);
        if (at >= 0) due.splice(at, 1);
      };
    },
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
        if (takeOverMs > 0) await new Promise<void>((resolve) => void timers.set(takeOverMs, resolve));
        if (isFailing) throw new Error("the rest could not be loaded");
        for (const id of changed) {
          const version = index.get(id);
          if (version === undefined) searchable.delete(id);
          else searchable.set(id, version);
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
    timers,
    clock: { monotonic: () => nowMs },
    log: pino({ level: "silent" }),
  });

  return {
    follower,
    index,
    searchable,
    lagMs: () => follower.status().lagMs,
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
    setFailing: (failing: boolean) => {
      isFailing = failing;
    },
    slowDown(ms: number) {
      takeOverMs = ms;
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
    commit("doc", "1");
    setAway(false);
    await pass(1_100);
    expect(index.get("doc")).toBe("1");
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

describe("how long a change has been waiting for a server", () => {
  async function following() {
    const parts = scene();
    await parts.follower.begin();
    parts.follower.follow();
    await parts.pass(10);
    return parts;
  }

  it("is not known before the server has looked at the log, and counts from then until everything is loaded", async () => {
    const { follower, lagMs, pass } = scene();
    expect(lagMs()).toBeUndefined();
    await follower.begin();
    await pass(4_000);
    expect(lagMs()).toBe(4_000);
    follower.follow();
    await pass(10);
    expect(lagMs()).toBe(0);
    await follower.stop();
  });

  it("is 0 at every moment of an hour in which nothing happens", async () => {
    const { follower, lagMs, pass } = await following();
    const seen = new Set<number | undefined>();
    for (let at = 0; at < 3_600_000; at += 700) {
      await pass(700);
      seen.add(lagMs());
    }
    expect([...seen]).toEqual([0]);
    await follower.stop();
  });

  it("is 0 again once a change is taken over, and grows while that takes its time", async () => {
    const { follower, lagMs, commit, pass, slowDown } = await following();
    slowDown(20_000);
    commit("doc", "1");
    follower.wake();
    await pass(500);
    expect(lagMs()).toBeGreaterThanOrEqual(500);
    await pass(5_500);
    expect(lagMs()).toBeGreaterThanOrEqual(6_000);
    slowDown(0);
    await pass(20_000);
    expect(lagMs()).toBe(0);
    await follower.stop();
  });

  it("grows while the record is away, whether anything was changed or not, and ends with the first look that finds everything taken over", async () => {
    const { follower, lagMs, pass, setAway } = await following();
    setAway(true);
    await pass(1_100);
    // From the first look that failed on.
    expect(lagMs()).toBe(1_110);
    await pass(298_900);
    expect(lagMs()).toBeGreaterThan(298_000);
    expect(lagMs()).toBeLessThanOrEqual(300_010);
    setAway(false);
    await pass(1_100);
    expect(lagMs()).toBe(0);
    await follower.stop();
  });

  it("grows while taking over fails again and again, although the log is read each time", async () => {
    const { follower, searchable, lagMs, commit, pass, setFailing } = await following();
    setFailing(true);
    commit("doc", "1");
    await pass(60_000);
    commit("other", "1");
    await pass(60_000);
    expect(lagMs()).toBeGreaterThan(118_000);
    setFailing(false);
    await pass(1_100);
    expect([lagMs(), searchable.get("doc"), searchable.get("other")]).toEqual([0, "1", "1"]);
    await follower.stop();
  });

  it("does not end with a document that was loaded by a failed take-over and is not searchable", async () => {
    const { follower, index, searchable, lagMs, commit, pass, setFailing } = await following();
    setFailing(true);
    commit("doc", "1");
    await pass(5_000);
    // Compared, it is what the record holds.
    expect([index.get("doc"), searchable.get("doc")]).toEqual(["1", undefined]);
    expect(lagMs()).toBeGreaterThan(3_000);
    setFailing(false);
    await pass(1_100);
    expect([lagMs(), searchable.get("doc")]).toEqual([0, "1"]);
    await follower.stop();
  });

  it("is told when looks at the log stay away, although the last one found nothing", async () => {
    const { follower, lagMs, pass } = await following();
    await follower.stop();
    await pass(60_000);
    expect(lagMs()).toBe(60_010);
  });
});
