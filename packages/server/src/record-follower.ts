/** Keeps the index of this server in step with what other servers do to the record that they share. */
import { type Clock, RagError, type Timers } from "@rag-personal/core";
import type { Logger } from "pino";
import type { DocumentVersion, SearchIndex } from "./search-index.ts";

/** How far a log of changes has been read. */
export interface LogPosition {
  /** Names the log: another one begins to count anew. */
  readonly log: string;
  readonly number: number;
}

export interface IndexChanges {
  /** Up to where they reach. */
  readonly position: LogPosition;
  /** Documents that were stored or removed; undefined when the log no longer says: then everything may have changed. */
  readonly documentIds: ReadonlySet<string> | undefined;
  /** A semantic space was kept. */
  readonly hasNewSpace: boolean;
}

/** What changes in the record, in the order of the commits. Every method throws `store_unavailable` when the record is away. */
export interface IndexChangeLog {
  position(): Promise<LogPosition>;
  changesSince(position: LogPosition): Promise<IndexChanges>;
  /** What the record holds of these documents now; those that it does not hold are left out. */
  versionsOf(documentIds: readonly string[]): Promise<ReadonlyMap<string, DocumentVersion>>;
}

export interface RecordFollower {
  /** To be called before everything is loaded: what changes from here on is followed. */
  begin(): Promise<void>;
  /** Looks at the log from now on, soon and again and again. */
  follow(): void;
  /** Something has changed, as somebody heard: looks at once. */
  wake(): void;
  /** A document was changed in this server's index, by itself. */
  touched(documentId: string): void;
  /** Takes over whatever was committed before this call. @throws RagError `store_unavailable`. */
  catchUp(): Promise<void>;
  status(): RecordFollowerStatus;
  stop(): Promise<void>;
}

export interface RecordFollowerStatus {
  /**
   * Milliseconds that the oldest change that is not in this server's index has been waiting, at most: counted from the last moment up to which
   * everything is known to be in it. 0 in step, undefined before the beginning.
   */
  readonly lagMs: number | undefined;
  /** Documents taken over from other servers so far. */
  readonly takenOver: number;
}

/** After taking something over, the index rests for so many times what it took, so that a stream of changes leaves most of the time to questions. */
const REST_FACTOR = 3;
/** Between two looks at the log, however often somebody calls. */
const LEAST_REST_MS = 100;
/** An ingestion of this server stores a document just before it puts it into the index: so long it is given before that counts as a difference. */
const OWN_CHANGE_MS = 20;
/** A look that is so late leaves open what was changed meanwhile. */
const LATE_MS = 1_000;
/** Whoever makes a change learns the space for it; when nobody has after so long, this server does. */
const TRAINING_GRACE_MS = 60_000;

/**
 * @param pollMs how often the log is read, whether anybody was heard or not.
 */
export function createRecordFollower({
  changes,
  index,
  pollMs,
  timers,
  clock,
  log,
}: {
  readonly changes: IndexChangeLog;
  readonly index: Pick<SearchIndex, "takeOver" | "reload" | "versionOf" | "trainBeside">;
  readonly pollMs: number;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Pick<Logger, "info" | "warn" | "error" | "debug">;
}): RecordFollower {
  let position: LogPosition | undefined;
  /** Compared with the record at the next reading: this server may have overtaken a change by another one. */
  let touchedIds = new Set<string>();
  /** Loaded by a take-over that broke off: they are where they are compared, and perhaps not searchable yet. */
  const unfinishedIds = new Set<string>();
  /** Whatever was committed before is in the index. */
  let knownUntilMs: number | undefined;
  /** The last look at the log found nothing that is not in the index by now. */
  let isInStep = false;
  let takenOver = 0;
  let isFollowing = false;
  let isStopped = false;
  let isAway = false;
  let restUntilMs = 0;
  let cancelTimer: (() => void) | undefined;
  let cancelTraining: (() => void) | undefined;
  let queue: Promise<void> = Promise.resolve();
  let isLooking = false;
  let isWanted = false;

  async function differing(documentIds: readonly string[]): Promise<readonly string[]> {
    if (documentIds.length === 0) return documentIds;
    const stored = await changes.versionsOf(documentIds);
    const differs = (id: string): boolean => {
      const [here, there] = [index.versionOf(id), stored.get(id)];
      return here?.contentHash !== there?.contentHash || here?.chunkCount !== there?.chunkCount;
    };
    const found = documentIds.filter(differs);
    if (found.length === 0) return found;
    await new Promise<void>((resolve) => void timers.set(OWN_CHANGE_MS, resolve));
    return found.filter(differs);
  }

  async function read(): Promise<void> {
    if (position === undefined || isStopped) return;
    const startedAtMs = clock.monotonic();
    const own = touchedIds;
    touchedIds = new Set();
    try {
      const found = await changes.changesSince(position);
      if (found.documentIds === undefined) {
        isInStep = false;
        log.info({ from: position, to: found.position }, "the log of changes does not reach back to what this server knows; comparing everything");
        takenOver += await index.reload();
        if (found.hasNewSpace) await index.takeOver({ changed: [], hasNewSpace: true });
      } else {
        const compared = [...new Set([...found.documentIds, ...own])].filter((id) => !unfinishedIds.has(id));
        const changed = [...unfinishedIds, ...(await differing(compared))];
        if (changed.length > 0 || found.hasNewSpace) {
          isInStep = false;
          for (const id of changed) unfinishedIds.add(id);
          await index.takeOver({ changed, hasNewSpace: found.hasNewSpace });
          unfinishedIds.clear();
        }
        if (changed.length > 0) expectTraining();
        takenOver += changed.length;
        if (changed.length > 0 || found.hasNewSpace) {
          restUntilMs = clock.monotonic() + REST_FACTOR * (clock.monotonic() - startedAtMs);
          log.debug({ documents: changed.length, hasNewSpace: found.hasNewSpace }, "took over changes of other servers");
        }
      }
      position = found.position;
      knownUntilMs = startedAtMs;
      isInStep = true;
      if (isAway) log.info("changes of other servers are taken over again");
      isAway = false;
    } catch (error) {
      isInStep = false;
      for (const id of own) touchedIds.add(id);
      throw error;
    }
  }

  function lagMs(): number | undefined {
    if (knownUntilMs === undefined) return undefined;
    const unknownMs = clock.monotonic() - knownUntilMs;
    return isInStep && unknownMs <= pollMs + LATE_MS ? 0 : unknownMs;
  }

  function expectTraining(): void {
    cancelTraining?.();
    cancelTraining = timers.set(TRAINING_GRACE_MS, () => index.trainBeside());
  }

  function inTurn(): Promise<void> {
    const done = queue.then(read);
    queue = done.catch(() => undefined);
    return done;
  }

  function failed(error: unknown): void {
    if (isStopped) return;
    if (!(error instanceof RagError)) log.error({ err: error }, "changes of other servers could not be taken over");
    else if (!isAway)
      log.warn({ code: error.code }, "changes of other servers cannot be read; documents that other servers change are taken over later");
    isAway = true;
  }

  /** Reads once, and then again when it is time. */
  function look(): void {
    if (isLooking || isStopped) return;
    isLooking = true;
    isWanted = false;
    void inTurn()
      .catch(failed)
      .finally(() => {
        isLooking = false;
        restUntilMs = Math.max(restUntilMs, clock.monotonic() + LEAST_REST_MS);
        schedule(isWanted ? restUntilMs - clock.monotonic() : pollMs);
      });
  }

  function schedule(delayMs: number): void {
    cancelTimer?.();
    if (isFollowing && !isStopped) cancelTimer = timers.set(Math.max(0, delayMs), look);
  }

  return {
    async begin() {
      const startedAtMs = clock.monotonic();
      position = await changes.position();
      knownUntilMs = startedAtMs;
      isInStep = false;
    },
    follow() {
      isFollowing = true;
      look();
    },
    wake() {
      isWanted = true;
      if (!isLooking) schedule(restUntilMs - clock.monotonic());
    },
    touched: (documentId) => void touchedIds.add(documentId),
    catchUp: inTurn,
    status: () => ({ lagMs: lagMs(), takenOver }),
    async stop() {
      isStopped = true;
      cancelTimer?.();
      cancelTraining?.();
      await queue;
    },
  };
}
