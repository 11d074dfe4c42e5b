/**
 * Proves that a backup can be restored, by restoring it: into scratch stores, with the real server on it, which is asked a question out of the
 * restored documents. Nothing that is in use is touched.
 */
import type { OpenedSet } from "../backup-sets/open-set.ts";
import type { RestoreTarget, SessionTarget } from "../restoring/restoration.ts";
import { prepareRestore, switchToPrepared } from "../restoring/restore.ts";

/** Stores that exist for this drill alone. */
export interface Scratch {
  /** What they are, such as "PostgreSQL 17, Redis". */
  readonly description: string;
  readonly target: RestoreTarget;
  readonly sessions: SessionTarget | undefined;
  /** Sessions in use, and lists of them, in the scratch Redis. */
  countSessionKeys(): Promise<number>;
  /** Sentences of restored documents, to be asked about. */
  samplePassages(): Promise<readonly { readonly documentId: string; readonly text: string }[]>;
  /** Starts the real server on the stores. @throws ExitError when it does not become ready. */
  startServer(): Promise<ScratchServer>;
  /** Ends all that was started, and removes all files. */
  remove(): Promise<void>;
}

export interface ScratchServer {
  /** @returns the documents that the answer cites; none when there was no answer. */
  ask(question: string): Promise<readonly string[]>;
  /** Documents and chunks that the server can find. */
  indexed(): Promise<{ readonly documents: number; readonly chunks: number }>;
}

/** The newest moment that could be recovered to. */
export interface PointInTime {
  /** Name of the base backup. */
  readonly base: string;
  readonly lastTransactionAt: string | undefined;
  readonly rows: number;
  readonly seconds: number;
}

export interface DrillServices {
  openSet(name: string): Promise<OpenedSet>;
  openScratch(options: { readonly withSessions: boolean; readonly postgresVersion: string }): Promise<Scratch>;
  /** Recovers the newest moment in a scratch PostgreSQL; undefined where nothing is archived continuously. @throws when it cannot be recovered. */
  recoverNewest(): Promise<PointInTime | undefined>;
  /** Seconds of work that would be lost if the database were lost now; undefined where nothing is archived continuously. */
  archiveLagSeconds(): Promise<number | undefined>;
  readonly clock: { now(): number; monotonic(): number };
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface DrillReport {
  readonly set: string;
  readonly into: string;
  /** Seconds from the beginning to the first answered question. */
  readonly rtoSeconds: number;
  /** Seconds of work that would be lost if the database were lost when the drill began. */
  readonly rpoSeconds: number;
  readonly rows: number;
  /** The question that was answered; undefined where the record has no documents. */
  readonly question: string | undefined;
  readonly pointInTime: PointInTime | undefined;
  /** What is not as it was when the backup was taken; empty when all is well. */
  readonly differences: readonly string[];
}

const MS = 1_000;

/**
 * Runs the drill.
 *
 * @param name of the set.
 * @throws when the set cannot be restored, or no server becomes ready on it.
 */
export async function runDrill(services: DrillServices, name: string): Promise<DrillReport> {
  const { clock, say, signal } = services;
  const startedMs = clock.monotonic();
  const startedAtMs = clock.now();
  const differences: string[] = [];
  const set = await services.openSet(name);
  const { manifest } = set;
  await set.close();
  const scratch = await services.openScratch({ withSessions: manifest.sessions !== null, postgresVersion: manifest.postgresVersion });
  let question: string | undefined;
  let rtoSeconds: number;
  try {
    say(`restoring ${name} into ${scratch.description}`);
    const restoring = { ...services, target: scratch.target, sessions: scratch.sessions, now: clock.now, clearCache: async () => undefined };
    await prepareRestore(restoring, name);
    await switchToPrepared(restoring, { evenIfInUse: false });
    // Before the server is asked, which keeps a session of it.
    if (scratch.sessions !== undefined) {
      const keys = await scratch.countSessionKeys();
      const inSet = manifest.sessions?.entries ?? 0;
      // Those that have ended since are rightly gone; none may come from nowhere.
      if (keys > inSet) differences.push(`${keys} keys of sessions instead of ${inSet}`);
    }
    signal.throwIfAborted();
    const passages = await scratch.samplePassages();
    say("starting a server on it");
    const server = await scratch.startServer();
    signal.throwIfAborted();
    say("asking it");
    question = await askAbout(server, passages);
    rtoSeconds = (clock.monotonic() - startedMs) / MS;
    if (question === undefined && passages.length > 0) differences.push(`the server finds none of ${passages.length} passages of its own documents`);
    const expected = (table: string): number => manifest.tables.find((each) => each.name === table)?.rows ?? 0;
    const indexed = await server.indexed();
    for (const [what, found] of Object.entries(indexed))
      if (found !== expected(what)) differences.push(`${found} ${what} can be found instead of ${expected(what)}`);
  } finally {
    await scratch.remove();
  }
  const pointInTime = await services.recoverNewest();
  const lag = await services.archiveLagSeconds();
  const ageSeconds = Math.max(0, (startedAtMs - Date.parse(manifest.snapshotAt)) / MS);
  return {
    set: name,
    into: scratch.description,
    rtoSeconds,
    rpoSeconds: pointInTime === undefined ? ageSeconds : (lag ?? ageSeconds),
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    question,
    pointInTime,
    differences,
  };
}

/** The first passage whose document is cited in the answer to it. */
async function askAbout(
  server: ScratchServer,
  passages: readonly { readonly documentId: string; readonly text: string }[],
): Promise<string | undefined> {
  for (const { documentId, text } of passages) {
    if ((await server.ask(text)).includes(documentId)) return text;
  }
  return undefined;
}
