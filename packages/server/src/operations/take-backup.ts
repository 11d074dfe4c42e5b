/** Takes a backup: the record as of one moment and the sessions, as one set that was read back before it has its name. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RagError } from "@rag-personal/core";
import { BackupFailure, toBackupFailure } from "./backup-failure.ts";
import type { Manifest, ManifestFile } from "./backup-sets/manifest.ts";
import { compareSet, openSetFolder, sizeOf } from "./backup-sets/open-set.ts";
import { createRecordWriter } from "./backup-sets/record-writer.ts";
import { type SessionEntry, writeSessionLine } from "./backup-sets/session-lines.ts";
import type { Decryption } from "./backup-sets/set-file.ts";
import { UnusableSet } from "./backup-sets/unusable-set.ts";
import { beginSet, type SetWriter } from "./backup-sets/write-set.ts";
import type { Encryption } from "./backup-sets/write-set-file.ts";
import { listSets } from "./list-sets.ts";
import type { RecordSource } from "./record-source.ts";
import type { SessionSource } from "./session-source.ts";

/** What a backup is made of and with. */
export interface BackupServices {
  readonly record: RecordSource;
  /** Undefined where sessions are rows of the record. */
  readonly sessions: SessionSource | undefined;
  readonly encryption: Encryption | undefined;
  /** Undefined: an encrypted set is compared with its digests, and not opened. */
  readonly decryption: Decryption | undefined;
  /** Undefined when the lock of that file is taken. @throws when the file system cannot lock. */
  readonly takeLock: (path: string) => (() => void) | undefined;
  /** Bytes that may still be written there; undefined where the system does not tell. */
  readonly freeBytes: (directory: string) => Promise<number | undefined>;
  readonly clock: { now(): number; monotonic(): number };
  readonly knownSchemaVersion: number;
  readonly productVersion: string;
}

export interface BackupOptions {
  /** Folder of the sets; created for its owner alone when it is not there. */
  readonly directory: string;
  /** Leaves out sessions that are in Redis. Default: false. */
  readonly withoutSessions?: boolean | undefined;
  /** ISO 8601: the moment that the database was recovered to. Default: it is in use. */
  readonly recoveredTo?: string | undefined;
  readonly onProgress?: ((step: BackupStep) => void) | undefined;
}

export type BackupStep =
  | { readonly step: "record"; readonly table: string; readonly bytes: number }
  | { readonly step: "sessions"; readonly entries: number }
  | { readonly step: "check"; readonly bytes: number; readonly totalBytes: number };

export interface Backup {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly path: string;
  /** Of its files. */
  readonly sizeBytes: number;
  /** Milliseconds in all, and while the record was held at its moment. */
  readonly durationMs: number;
  readonly recordMs: number;
  /** Its rows were read back; otherwise its bytes were, for want of the key. */
  readonly isOpened: boolean;
}

/** Sets grow; and a file system that is full to the last block is a trouble of its own. */
const GROWTH = 1.25;
const MARGIN_BYTES = 32 << 20;

/**
 * Takes a backup. Killed at any moment, it leaves no set, or a whole one.
 *
 * @throws {BackupFailure} with what to do; RagError `store_unavailable` when the database is away.
 */
export async function takeBackup(services: BackupServices, options: BackupOptions): Promise<Backup> {
  const { directory } = options;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await requireRoom(services, directory);
    const unlock = lock(services, directory);
    try {
      return await makeSet(services, options);
    } finally {
      unlock();
    }
  } catch (error) {
    throw toBackupFailure(directory, error);
  }
}

function lock({ takeLock }: BackupServices, directory: string): () => void {
  let unlock: (() => void) | undefined;
  try {
    unlock = takeLock(join(directory, ".lock"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BackupFailure(
      "unwritable",
      `No backup can be written to ${directory} (${reason}). Set BACKUP_DIR to a folder that this user may write to.`,
      { cause },
    );
  }
  if (unlock === undefined) throw new BackupFailure("busy", `Another backup is being taken into ${directory}. Wait for its end.`);
  return unlock;
}

/** A backup that would fill the disk is not begun: whoever else lives there would suffer. */
async function requireRoom({ freeBytes }: BackupServices, directory: string): Promise<void> {
  const free = await freeBytes(directory);
  if (free === undefined) return;
  const newest = (await listSets(directory)).findLast(({ manifest }) => manifest !== undefined)?.manifest;
  const needed = MARGIN_BYTES + (newest === undefined ? 0 : Math.ceil(sizeOf(newest) * GROWTH));
  if (free >= needed) return;
  throw new BackupFailure(
    "no_room",
    `There are ${megabytes(free)} free in ${directory}, and a backup may take ${megabytes(needed)}: none was begun, and those that are there were kept. Make room, or set BACKUP_DIR.`,
  );
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

async function makeSet(services: BackupServices, options: BackupOptions): Promise<Backup> {
  const { clock } = services;
  const startedAt = clock.now();
  const startedMs = clock.monotonic();
  let recordMs = 0;
  let writer: SetWriter | undefined;
  try {
    const manifest = await services.record.withSnapshot(async (snapshot) => {
      const snapshotMs = clock.now();
      const snapshotAt = new Date(snapshotMs).toISOString();
      writer = await beginSet(options.directory, snapshotMs, services.encryption);
      const record = createRecordWriter(snapshot, snapshotAt, (table, bytes) => options.onProgress?.({ step: "record", table, bytes }));
      const recordFile = await writer.write("record", record.sql);
      return {
        ...record.written(),
        format: 1 as const,
        name: writer.name,
        productVersion: services.productVersion,
        schemaVersion: snapshot.schemaVersion,
        startedAt: new Date(startedAt).toISOString(),
        snapshotAt,
        recoveredTo: options.recoveredTo ?? null,
        postgresVersion: snapshot.postgresVersion,
        walPosition: snapshot.walPosition,
        embedder: snapshot.embedder,
        liveGeneration: snapshot.liveGeneration,
        encryption: services.encryption === undefined ? ("none" as const) : ("age" as const),
        files: [recordFile],
      };
    });
    recordMs = clock.monotonic() - startedMs;
    if (writer === undefined) throw new Error("a snapshot was not worked on");
    const sessions = await writeSessions(services, options, writer);
    const whole: Manifest = {
      ...manifest,
      endedAt: new Date(clock.now()).toISOString(),
      redisVersion: sessions?.version ?? null,
      sessions: sessions === undefined ? null : { entries: sessions.entries },
      files: [...manifest.files, ...(sessions === undefined ? [] : [sessions.file])],
    };
    await writer.describe(whole);
    const isOpened = await readBack(services, options, writer);
    await writer.publish();
    return {
      manifest: whole,
      path: join(options.directory, writer.name),
      sizeBytes: sizeOf(whole),
      durationMs: clock.monotonic() - startedMs,
      recordMs,
      isOpened,
    };
  } catch (error) {
    // What stops the backup must be told, not what stops the cleaning up; the next backup removes it.
    await writer?.abandon().catch(() => {});
    throw error;
  }
}

interface WrittenSessions {
  readonly version: string;
  readonly entries: number;
  readonly file: ManifestFile;
}

async function writeSessions(
  { sessions }: BackupServices,
  { withoutSessions, onProgress }: BackupOptions,
  writer: SetWriter,
): Promise<WrittenSessions | undefined> {
  if (sessions === undefined || withoutSessions) return undefined;
  let entries = 0;
  async function* lines(source: AsyncIterable<SessionEntry>): AsyncGenerator<Uint8Array> {
    for await (const entry of source) {
      entries += 1;
      yield Buffer.from(writeSessionLine(entry));
    }
    onProgress?.({ step: "sessions", entries });
  }
  try {
    const version = await sessions.version();
    const file = await writer.write("sessions", lines(sessions.readSessions()));
    return { version, entries, file };
  } catch (cause) {
    if (!(cause instanceof RagError) || cause.code !== "store_unavailable") throw cause;
    throw new BackupFailure(
      "sessions_away",
      "Redis, which keeps the sessions, does not answer: no backup was taken. Start it, or leave them out with --without-sessions (in a request: withoutSessions).",
      { cause },
    );
  }
}

/** @returns whether the rows were seen. */
async function readBack(
  { knownSchemaVersion, encryption, decryption }: BackupServices,
  { onProgress }: BackupOptions,
  { folder, name }: SetWriter,
): Promise<boolean> {
  try {
    if (encryption !== undefined && decryption === undefined) {
      await compareSet(folder, name);
      return false;
    }
    const set = await openSetFolder(folder, name, {
      knownSchemaVersion,
      decryption,
      onProgress: (bytes, totalBytes) => onProgress?.({ step: "check", bytes, totalBytes }),
    });
    await set.close();
    return true;
  } catch (cause) {
    if (!(cause instanceof UnusableSet)) throw cause;
    throw new BackupFailure(
      "not_readable",
      `The backup could not be read back and was not kept: ${cause.message} Look after the disk, and at whether BACKUP_AGE_IDENTITY_FILE opens what BACKUP_AGE_RECIPIENTS closes.`,
      { cause },
    );
  }
}
