/** The embedded PostgreSQL: PGlite in a worker thread behind a Unix socket, so that the one `postgres` adapter speaks to it. */
import { resolve } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import * as z from "zod";
import { ExitError } from "../../exit-error.ts";
import { createSocketDirectory } from "./socket-directory.ts";

/** PGlite runs one statement at a time and shares one backend among all sockets: more connections would buy waiting, not speed. */
const MAX_CONNECTIONS = 1;
/** How long a stop waits for the statement in hand and the flush. What was acknowledged is in the files already. */
const STOP_TIMEOUT_MS = 10_000;
/** Lines of the database's log told with an error. */
const LINES_KEPT = 5;

const workerMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("listening") }),
  z.object({ type: z.literal("log"), line: z.string() }),
]);

export interface EmbeddedPostgres {
  /** What `connectPostgres` needs to reach it. */
  readonly connection: { readonly socketPath: string; readonly user: string; readonly database: string; readonly maxConnections: number };
  /** Resolves when the database ended without having been asked to. */
  readonly died: Promise<Error>;
  /** Closes the database, so that the next start need not recover it, and ends the thread. Takes 10 s at most; calling it twice does nothing. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Folder of the database's files, created if need be. The caller sees to it that nobody else uses it. */
  readonly dataDir: string;
  /** Told of each line of the database's own log. */
  readonly log?: (line: string) => void;
  /** Starts the thread. Default: a worker of this module's neighbour. */
  readonly startWorker?: (file: URL, options: WorkerOptions) => Worker;
}

/**
 * Starts the embedded database and resolves when it takes connections. A process killed at any moment, the creation included, leaves
 * files that the next start opens, with everything that was acknowledged.
 *
 * @throws {ExitError} when it cannot be created or opened.
 * @example
 * const embedded = await startEmbeddedPostgres({ dataDir: dataDirectory.resolve("postgres") });
 */
export async function startEmbeddedPostgres({
  dataDir,
  log = () => {},
  startWorker = (file, options) => new Worker(file, options),
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(dataDir);
  const { socketPath, remove } = await createSocketDirectory(directory);
  const worker = startWorker(new URL("./embedded-postgres-worker.ts", import.meta.url), { workerData: { dataDir: directory, socketPath } });
  const lastLines: string[] = [];
  const listening = Promise.withResolvers<void>();
  const died = Promise.withResolvers<Error>();
  const exited = Promise.withResolvers<void>();
  let isStopping = false;
  let failure: unknown;

  worker.on("message", (raw) => {
    const message = workerMessage.parse(raw);
    if (message.type === "listening") return listening.resolve();
    lastLines.push(message.line);
    if (lastLines.length > LINES_KEPT) lastLines.shift();
    log(message.line);
  });
  worker.on("error", (error) => {
    failure = error;
  });
  worker.on("exit", (code) => {
    const reason = failure instanceof Error ? failure.message : `its thread ended with code ${code}`;
    const lines = lastLines.map((line) => `\n  ${line}`).join("");
    listening.reject(
      new ExitError(
        `The embedded database in ${directory} cannot be opened: ${reason}. Restore a backup, or move the folder away to begin anew.${lines}`,
        { cause: failure },
      ),
    );
    if (!isStopping) died.resolve(new ExitError(`The embedded database ended on its own: ${reason}.${lines}`, { cause: failure }));
    exited.resolve();
  });

  try {
    await listening.promise;
  } catch (error) {
    await remove();
    throw error;
  }

  async function stop(): Promise<void> {
    isStopping = true;
    worker.postMessage("stop");
    const timer = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
    await exited.promise;
    clearTimeout(timer);
    await remove();
  }

  let stopped: Promise<void> | undefined;
  return {
    connection: { socketPath, user: "postgres", database: "postgres", maxConnections: MAX_CONNECTIONS },
    died: died.promise,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
