/** F23: backup sets are damaged, mixed up and made evil in every way there is. Each must be refused, soon, with what to do. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { knownSchemaVersion } from "../src/adapters/postgres/migrate.ts";
import { openSet } from "../src/operations/backup-sets/open-set.ts";
import { UnusableSet } from "../src/operations/backup-sets/unusable-set.ts";
import type { SessionSource } from "../src/operations/session-source.ts";
import { takeBackup } from "../src/operations/take-backup.ts";
import { backupFolder, backupServices } from "../test-support/backup-scene.ts";
import { POSTGRES_KINDS } from "../test-support/postgres-databases.ts";
import { fillRecord } from "../test-support/record-scene.ts";
import { createFindings } from "./findings.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { SET_DAMAGES } from "./set-damages.ts";

const REFUSED_WITHIN_MS = 5_000;
const DAY_MS = 86_400_000;

/** A few sessions, without a Redis. @param version of each, so that no two sets have the same file. */
const sessionsOf = (version: string): SessionSource => ({
  version: async () => "Redis 7.0.15",
  async *readSessions() {
    for (const id of ["s1", "s2", "s3"]) yield { key: `data:${id}`, expiresAtMs: 4e12, hash: { principal: "ada", version, session: "{}" } };
    yield { key: "index:ada", expiresAtMs: null, sortedSet: [["s1", 1]] };
  },
});

export async function damageSets({ injections, random, cleanUp, say }: RowOptions): Promise<RowResult> {
  const { violate, violations } = createFindings();
  const [embedded] = POSTGRES_KINDS;
  if (embedded === undefined) throw new Error("there is no kind of PostgreSQL");
  const postgres = await embedded[1]();
  cleanUp.add(() => postgres.stop());
  await fillRecord(postgres.address, { feedback: 200, chunks: 20, uploadPieces: 1 });
  const folder = await backupFolder();
  cleanUp.add(folder.remove);
  const pristine = join(folder.directory, "../pristine");
  const services = await backupServices(postgres.address, { sessions: sessionsOf("1") });
  const set = (await takeBackup(services, { directory: pristine })).manifest.name;
  const tomorrow = { ...services.clock, now: () => Date.now() + DAY_MS };
  const other = (await takeBackup({ ...services, sessions: sessionsOf("2"), clock: tomorrow }, { directory: pristine })).manifest.name;
  const options = { knownSchemaVersion: await knownSchemaVersion() };
  const detectMs: number[] = [];
  const faults: Record<string, number> = {};

  for (let injection = 0; injection < injections; injection += 1) {
    const damage = SET_DAMAGES[injection % SET_DAMAGES.length];
    if (damage === undefined) break;
    rmSync(folder.directory, { recursive: true, force: true });
    cpSync(pristine, folder.directory, { recursive: true });
    const target = damage.apply({ directory: folder.directory, set, other, random });
    const startedMs = performance.now();
    try {
      await (await openSet(folder.directory, target, options)).close();
      violate("not detected", `${damage.name}: it was opened`);
    } catch (error) {
      const tookMs = performance.now() - startedMs;
      detectMs.push(tookMs);
      if (tookMs > REFUSED_WITHIN_MS) violate("late", `${damage.name}: refused after ${Math.round(tookMs)} ms`);
      if (error instanceof UnusableSet) faults[error.fault] = (faults[error.fault] ?? 0) + 1;
      else violate("failed", `${damage.name}: ${error instanceof Error ? error.stack : error}`);
    }
    if ((injection + 1) % 250 === 0) say(`${injection + 1} of ${injections}, ${violations.length} violations`);
  }
  await (await openSet(pristine, set, options)).close();
  const remarks = [`${SET_DAMAGES.length} kinds of damage`, ...Object.entries(faults).map(([fault, count]) => `refused as ${fault}: ${count}`)];
  return { injections, requests: 0, violations, detectMs, healMs: [], remarks };
}
