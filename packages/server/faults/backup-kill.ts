/**
 * F22B: `rag backup`, which also removes old sets, is killed with -9 at a random moment. Every set that is seen then must be whole, the last good
 * ones must still be there, and the next backup must work and leave nothing behind.
 */
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { knownSchemaVersion } from "../src/adapters/postgres/migrate.ts";
import { openSet } from "../src/operations/backup-sets/open-set.ts";
import { isUnfinished } from "../src/operations/backup-sets/set-name.ts";
import { listSets } from "../src/operations/list-sets.ts";
import { startPostgresServer } from "../test-support/postgres-server.ts";
import { startRag } from "../test-support/rag-command.ts";
import { fillRecord } from "../test-support/record-scene.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";
import { createFindings } from "./findings.ts";
import type { RowOptions, RowResult } from "./row.ts";

const FEEDBACK = 20_000;
const KEPT = 2;

export async function killBackup({ injections, random, cleanUp, say }: RowOptions): Promise<RowResult> {
  const { violate, violations } = createFindings();
  const postgres = await startPostgresServer();
  cleanUp.add(() => postgres.remove());
  await fillRecord({ url: postgres.url }, { feedback: FEEDBACK });
  const folder = await temporaryDirectory();
  cleanUp.add(folder.remove);
  const directory = join(folder.path, "backups");
  mkdirSync(join(folder.path, "data"));
  const environment = {
    DATA_DIR: join(folder.path, "data"),
    BACKUP_DIR: directory,
    DATABASE_URL: postgres.url,
    BACKUP_KEEP_DAYS: "0",
    BACKUP_KEEP_LAST: String(KEPT),
  };
  const options = { knownSchemaVersion: await knownSchemaVersion() };
  /** @returns milliseconds from when it says that it begins. */
  const backUp = async (): Promise<number> => {
    const command = startRag(["backup"], environment, "");
    await command.said("Backing up");
    const startedMs = performance.now();
    const { exitCode, stderr } = await command.result;
    if (exitCode !== 0) violate("not healed", `a backup ended with ${exitCode}: ${stderr}`);
    return performance.now() - startedMs;
  };
  await backUp();
  const usualMs = Math.max(await backUp(), await backUp());
  const known = new Set<string>();
  let unfinished = 0;
  let published = 0;

  for (let injection = 0; injection < injections; injection += 1) {
    const command = startRag(["backup"], environment);
    const exited = once(command.process, "exit");
    await command.said("Backing up");
    await Promise.race([delay(random() * usualMs), exited]);
    command.process.kill("SIGKILL");
    await exited;
    const names = (await listSets(directory)).map(({ name }) => name);
    if (names.length < KEPT) violate("lost", `${names.length} sets are left`);
    if (readdirSync(directory).some(isUnfinished)) unfinished += 1;
    for (const name of names.filter((each) => !known.has(each))) {
      published += 1;
      known.add(name);
      try {
        await (await openSet(directory, name, options)).close();
      } catch (error) {
        violate("failed", `${name} is seen and cannot be used: ${error}`);
      }
    }
    if ((injection + 1) % 10 === 0) say(`${injection + 1} of ${injections}, ${violations.length} violations`);
  }
  await backUp();
  const left = readdirSync(directory).filter(isUnfinished);
  if (left.length > 0) violate("not healed", `left behind: ${left.join(", ")}`);
  for (const { name, problem } of await listSets(directory, { compare: true }))
    if (problem !== undefined) violate("failed", `${name}: ${problem.message}`);
  const remarks = [`a backup takes ${Math.round(usualMs)} ms`, `${unfinished} kills left an unfinished one behind`, `${published} sets were seen`];
  return { injections, requests: 0, violations, detectMs: [], healMs: [], remarks };
}
