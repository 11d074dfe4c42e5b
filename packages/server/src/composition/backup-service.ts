/** The backup service, wired: what it does by the clock, and where it notes how it is. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { writeDurably } from "../adapters/data-directory/durable-file.ts";
import { takeExclusiveLock } from "../adapters/data-directory/exclusive-lock.ts";
import { readOperations } from "../adapters/data-directory/operations-file.ts";
import type { OperationsConfig } from "../config.ts";
import { ExitError } from "../exit-error.ts";
import type { Log } from "../log.ts";
import {
  type BackupServiceParts,
  type DutyWork,
  problemOf,
  type ServiceState,
  sentenceOf,
  serveBackups,
} from "../operations/backup-service/backup-service.ts";
import { DUTIES } from "../operations/backup-service/duties.ts";
import type { BackupSummary } from "../operations/backup-summary.ts";
import { runDrill } from "../operations/drill/drill.ts";
import { listSets } from "../operations/list-sets.ts";
import { createContinuousArchive } from "./continuous.ts";
import { drillServices, noteDrill } from "./drill.ts";
import { createOpenedParts } from "./opened-parts.ts";
import { clock, timers } from "./time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface BackupServiceOptions {
  readonly takeBackup: (signal: AbortSignal) => Promise<Omit<BackupSummary, "encryption">>;
  readonly log: Log;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Serves until the signal is aborted. @throws {ExitError} when another service serves this folder. */
export async function runBackupService(config: OperationsConfig, { takeBackup, log, say, signal }: BackupServiceOptions): Promise<void> {
  const directory = config.BACKUP_DIR;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = takeExclusiveLock(join(directory, ".service.lock"));
  if (unlock === undefined) throw new ExitError(`Another backup service works on ${directory}. Stop it first.`);
  const opened = createOpenedParts(log);
  opened.add(async () => unlock());
  try {
    const duties: { -readonly [Duty in keyof BackupServiceParts["duties"]]: BackupServiceParts["duties"][Duty] } = {
      backup: backupDuty(config, takeBackup, say),
    };
    if (config.DRILL_EVERY_HOURS > 0) duties.drill = drillDuty(config, say);
    if (config.BACKUP_CONTINUOUS === 1) {
      if (config.DATABASE_URL === undefined) throw new ExitError("BACKUP_CONTINUOUS=1 wants a PostgreSQL server: set DATABASE_URL, or leave it off.");
      const archive = createContinuousArchive(config, config.DATABASE_URL, opened, (level, message) => log[level]({}, message));
      duties["base backup"] = {
        rhythm: { everyMs: config.BASE_BACKUP_EVERY_HOURS * HOUR_MS },
        lastSuccessMs: () => archive.lastBaseBackupMs(),
        work: async (stopped) => say(await archive.takeBaseBackup(stopped)),
      };
    }
    await serveBackups(
      {
        duties,
        clock,
        wait,
        note: (state) => writeDurably(stateFile(config), `${JSON.stringify(state)}\n`),
        say: (_, message) => say(message),
      },
      signal,
    );
  } finally {
    await opened.closeAll();
  }
}

function backupDuty(config: OperationsConfig, takeBackup: BackupServiceOptions["takeBackup"], say: (message: string) => void): DutyWork {
  return {
    rhythm: { everyMs: config.BACKUP_EVERY_MINUTES * MINUTE_MS, fromMidnightMs: config.BACKUP_AT * MINUTE_MS },
    lastSuccessMs: async () => (await listSets(config.BACKUP_DIR)).findLast(({ problem }) => problem === undefined)?.momentMs,
    async work(signal) {
      const summary = await takeBackup(signal);
      say(sentenceOf(summary));
      const [problem] = summary.problems;
      if (problem !== undefined) say(problem);
    },
  };
}

function drillDuty(config: OperationsConfig, say: (message: string) => void): DutyWork {
  const operationsFile = join(config.DATA_DIR, "operations.json");
  const newestSet = async () => (await listSets(config.BACKUP_DIR)).findLast(({ problem }) => problem === undefined)?.name;
  return {
    rhythm: { everyMs: config.DRILL_EVERY_HOURS * HOUR_MS },
    async lastSuccessMs() {
      // Without a set there is nothing to restore yet.
      if ((await newestSet()) === undefined) return clock.now();
      const { lastDrillAt } = await readOperations(operationsFile);
      return lastDrillAt ? Date.parse(lastDrillAt) : undefined;
    },
    async work(signal) {
      const name = await newestSet();
      if (name === undefined) return;
      const report = await runDrill(drillServices(config, { say: () => {}, signal }), name);
      if (report.differences.length > 0) throw new Error(`${name} is not as it was: ${report.differences.join("; ")}`);
      await noteDrill(operationsFile, report);
      say(
        `drill of ${name}: restored into ${report.into}, ${report.rows} rows, RTO ${report.rtoSeconds.toFixed(1)} s, RPO ${report.rpoSeconds.toFixed(1)} s`,
      );
    },
  };
}

const stateFile = ({ BACKUP_DIR }: Pick<OperationsConfig, "BACKUP_DIR">): string => join(BACKUP_DIR, ".service.json");

const serviceState = z.object({ at: z.iso.datetime(), working: z.enum(DUTIES).nullable(), problems: z.record(z.string(), z.string()) });

/** Why the service of this folder is not well; undefined when it is. */
export async function problemOfService(config: Pick<OperationsConfig, "BACKUP_DIR">): Promise<string | undefined> {
  let state: ServiceState | undefined;
  try {
    state = serviceState.parse(JSON.parse(await readFile(stateFile(config), "utf8")));
  } catch {
    state = undefined;
  }
  return problemOf(state, clock.now());
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.set(ms, done);
    signal.addEventListener("abort", done);
  });
}
