/** F18: the disk of the backups is full, becomes full, is read-only, or no file can be opened. The backup fails and says so; the last good one stays. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { knownSchemaVersion } from "../src/adapters/postgres/migrate.ts";
import { BackupFailure } from "../src/operations/backup-failure.ts";
import { openSet } from "../src/operations/backup-sets/open-set.ts";
import { takeBackup } from "../src/operations/take-backup.ts";
import { backupServices } from "../test-support/backup-scene.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { runInShell, runRag } from "../test-support/rag-command.ts";
import { fillRecord, withClient } from "../test-support/record-scene.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";
import { createFindings } from "./findings.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { mountSmallDisk } from "./small-disk.ts";

const DISK_MEGABYTES = 128;
/** So much of it is taken away while a backup is taken. */
const BALLAST = Buffer.alloc(64 << 20);
/** What no program can make smaller, so that it fills what is left of the disk. */
const RANDOM_PIECES = 36;

export async function refuseBackup({ injections, cleanUp, say }: RowOptions): Promise<RowResult> {
  const { violate, violations } = createFindings();
  const disk = await mountSmallDisk(DISK_MEGABYTES, cleanUp);
  if (disk === undefined)
    return { injections: 0, requests: 0, violations, detectMs: [], healMs: [], remarks: ["a small disk can be mounted by root on Linux alone"] };
  const postgres = await startPostgresServer();
  cleanUp.add(() => postgres.remove());
  const address = { url: postgres.url };
  await fillRecord(address, { feedback: 1_000 });
  await withClient(address, ({ sql }) =>
    sql.unsafe(`create extension if not exists pgcrypto;
      insert into upload_pieces select 1, 100 + i, (select string_agg(gen_random_bytes(1024), '') from generate_series(1, 1024 + i * 0)) from generate_series(1, ${RANDOM_PIECES}) i`),
  );
  const folder = await temporaryDirectory();
  cleanUp.add(folder.remove);
  mkdirSync(join(folder.path, "data"));
  const directory = join(disk.path, "backups");
  const environment = { DATA_DIR: join(folder.path, "data"), BACKUP_DIR: directory, DATABASE_URL: postgres.url, BACKUP_KEEP_LAST: "1" };
  const options = { knownSchemaVersion: await knownSchemaVersion() };
  const services = await backupServices(address, { freeBytes: async () => undefined });
  const good = (await takeBackup(services, { directory })).manifest.name;
  const remount = (mode: "ro" | "rw"): unknown => execFileSync("mount", ["-o", `remount,${mode}`, disk.path]);

  const command = async (what: string, run: () => ReturnType<typeof runRag>, says: RegExp): Promise<void> => {
    const { exitCode, stderr } = await run();
    if (exitCode === 0) violate("not detected", `${what}: the backup ended with 0`);
    if (!says.test(stderr)) violate("disagrees", `${what}: it said ${stderr}`);
  };
  const faults = [
    async () => {
      disk.fill();
      await command("full", () => runRag(["backup"], environment), /Make room, or set BACKUP_DIR/);
      disk.empty();
    },
    async () => {
      // There was room when it began.
      const ballast = join(disk.path, "half");
      writeFileSync(ballast, BALLAST);
      const failure = await takeBackup(services, { directory }).then(
        () => undefined,
        (error: unknown) => error,
      );
      rmSync(ballast);
      if (!(failure instanceof BackupFailure && failure.fault === "no_room")) violate("disagrees", `becomes full: ${failure}`);
    },
    async () => {
      remount("ro");
      await command("read-only", () => runRag(["backup"], environment), /No backup can be written to .*BACKUP_DIR/);
      remount("rw");
    },
    async () => command("no files to open", () => runInShell("ulimit -n 22; rag backup", environment), /./),
  ];
  for (let injection = 0; injection < injections; injection += 1) {
    await faults[injection % faults.length]?.();
    const found = readdirSync(directory).filter((name) => !name.startsWith("."));
    if (found.join() !== good) violate("lost", `there are ${found.join(", ")} instead of ${good}`);
    await openSet(directory, good, options).then(
      (set) => set.close(),
      (error: unknown) => violate("lost", String(error)),
    );
    if ((injection + 1) % 10 === 0) say(`${injection + 1} of ${injections}, ${violations.length} violations`);
  }
  const remarks = [`a disk of ${DISK_MEGABYTES} MB; full, becoming full, read-only, 22 open files at most`];
  return { injections, requests: 0, violations, detectMs: [], healMs: [], remarks };
}
