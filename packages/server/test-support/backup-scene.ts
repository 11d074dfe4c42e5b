/** Taking backups in a test as the program takes them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDiskSpace } from "../src/adapters/data-directory/disk-space.ts";
import { takeExclusiveLock } from "../src/adapters/data-directory/exclusive-lock.ts";
import type { PostgresAddress } from "../src/adapters/postgres/client.ts";
import { knownSchemaVersion } from "../src/adapters/postgres/migrate.ts";
import { createRecordSource } from "../src/adapters/postgres/record-dump.ts";
import { clock } from "../src/composition/time.ts";
import type { BackupServices } from "../src/operations/take-backup.ts";

/** Everything but sessions in Redis and encryption, unless given. */
export async function backupServices(address: PostgresAddress, given: Partial<BackupServices> = {}): Promise<BackupServices> {
  return {
    record: createRecordSource(address),
    sessions: undefined,
    encryption: undefined,
    decryption: undefined,
    takeLock: takeExclusiveLock,
    freeBytes: async (directory) => (await readDiskSpace(directory))?.freeBytes,
    clock,
    knownSchemaVersion: await knownSchemaVersion(),
    productVersion: "1.2.3",
    ...given,
  };
}

/** A folder for backups, and what removes it. */
export async function backupFolder(): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), "rag-backups-"));
  return { directory: join(parent, "backups"), remove: () => rm(parent, { recursive: true, force: true }) };
}
