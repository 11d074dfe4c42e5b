/** pg_receivewal as a child that is started again when it ends, and what it may cost the database while it is away. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Timers } from "@rag-personal/core";
import type { ArchiveFolder } from "./archive-folder.ts";
import { type ConnectionArguments, type PostgresPrograms, plainEnvironment } from "./programs.ts";

/** The database keeps WAL under this name until we have it. */
export const SLOT = "rag_backup";
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** One that has run for so long has worked, whatever ended it. */
const WORKED_MS = 10_000;
const LAST_WORDS_CHARS = 500;
/** Tells the server often how much is on our disk, so that it keeps no more than it must. */
const STATUS_INTERVAL_SECONDS = 1;

export interface WalReceiverStatus {
  readonly isReceiving: boolean;
  readonly restarts: number;
  /** What the program said last before it ended. */
  readonly problem: string | undefined;
}

export interface WalReceiver {
  status(): WalReceiverStatus;
  stop(): Promise<void>;
}

export interface WalReceiverOptions {
  readonly archive: ArchiveFolder;
  readonly programs: PostgresPrograms;
  readonly connection: ConnectionArguments;
  readonly timers: Timers;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: (level: "info" | "warn", message: string) => void;
  /**
   * Called before each start: makes the slot when there is none.
   *
   * @returns whether the server no longer has what comes after the WAL we have.
   */
  readonly prepareSlot: () => Promise<{ readonly hasGap: boolean }>;
  /** Called after a gap: moments after it can be recovered to from a new base backup only. */
  readonly onGap: () => void;
}

/** Begins to receive; goes on until it is stopped. */
export function startWalReceiver(options: WalReceiverOptions): WalReceiver {
  const { archive, programs, connection, timers, now, log, prepareSlot, onGap } = options;
  let child: ChildProcess | undefined;
  let isStopped = false;
  let restarts = 0;
  let failures = 0;
  let problem: string | undefined;
  let cancelRetry: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();

  async function receive(): Promise<void> {
    const { hasGap } = await prepareSlot();
    if (hasGap) {
      const moment = `${new Date(now()).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
      log("warn", "the database no longer has the WAL that comes next: what was received is kept apart, and a new base backup is needed");
      await rename(archive.wal, join(archive.path, `wal.until-${moment}`));
      await mkdir(archive.wal, { mode: 0o700 });
      onGap();
    }
    if (isStopped) return;
    const startedAtMs = now();
    child = spawn(
      join(programs.folder, "pg_receivewal"),
      [
        `--directory=${archive.wal}`,
        `--dbname=${connection.dbname}`,
        `--slot=${SLOT}`,
        "--synchronous",
        "--no-loop",
        "--no-password",
        `--status-interval=${STATUS_INTERVAL_SECONDS}`,
      ],
      { stdio: ["ignore", "ignore", "pipe"], env: plainEnvironment(connection.environment) },
    );
    let said = "";
    child.stderr?.on("data", (data: Buffer) => {
      said = (said + data.toString()).slice(-LAST_WORDS_CHARS);
    });
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`it ended with ${code === null ? signal : `code ${code}`}: ${said.trim()}`));
    const reason = await ended;
    child = undefined;
    if (now() - startedAtMs >= WORKED_MS) failures = 0;
    if (!isStopped) throw new Error(reason);
  }

  function start(): void {
    running = receive().catch((error: unknown) => {
      if (isStopped) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== problem) log("warn", `the WAL is not received: ${reason}`);
      problem = reason;
      restarts += 1;
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      failures += 1;
      cancelRetry = timers.set(delayMs, start);
    });
  }

  start();
  return {
    status: () => ({ isReceiving: child !== undefined, restarts, problem: child === undefined ? problem : undefined }),
    async stop() {
      isStopped = true;
      cancelRetry?.();
      child?.kill("SIGINT");
      await running;
    },
  };
}
