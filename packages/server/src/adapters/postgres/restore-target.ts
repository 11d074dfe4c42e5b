/** The database whose record is restored. */
import { createHash } from "node:crypto";
import { UnusableSet } from "../../operations/backup-sets/unusable-set.ts";
import type { RestoreTarget } from "../../operations/restoring/restoration.ts";
import type { Database, Query, Run } from "./database.ts";
import { readTables, setTextForm } from "./record-dump.ts";
import { readRows } from "./record-rows.ts";
import { liveSchema, ourTables } from "./record-schemas.ts";
import { beginStaging, continueSequences, finishStaging, openRowLoader, type RowLoader } from "./record-staging.ts";
import { dropPrevious, dropStaged, noteFinishing, noteSessionsSwitched, readRestorations, switchBack, switchToStaged } from "./record-switch.ts";
import { table } from "./statement-parts.ts";

/** Of one statement, of which the longest writes half a megabyte or reads a table. */
const TIMEOUT_MS = 600_000;

/** @param database of one connection, known to the server by another name than a server's. */
export function createRestoreTarget({ transaction }: Pick<Database, "transaction">): RestoreTarget {
  const run = <T>(work: (query: Query, raw: Run) => Promise<T>): Promise<T> => transaction(work, { timeoutMs: TIMEOUT_MS });
  return {
    restorations: () => run(readRestorations),
    countRows: (names) =>
      run(async (query) => {
        await query((sql) => sql`set transaction read only`);
        const schema = await liveSchema(query);
        const counts = new Map<string, number>();
        for (const name of await ourTables(query, schema, names)) {
          const [row] = await query((sql) => sql<{ count: number }>`select count(*)::bigint as count from ${table(sql, schema, name)}`);
          counts.set(name, row?.count ?? 0);
        }
        return counts;
      }),
    stage: (set, options) =>
      run(async (query, raw) => {
        const { manifest } = set;
        await beginStaging(query, manifest.schemaVersion);
        await setTextForm(query);
        // Those of the set take their place, and are compared with this version's before the missing ones are added.
        await query((sql) => sql`delete from schema_migrations`);
        await loadRecord(query, set, options);
        await continueSequences(query, manifest.sequences);
        await compareRecord(raw, set);
        return await finishStaging(query, set.name, options);
      }),
    switchToStaged: (options) => run((query) => switchToStaged(query, options)),
    switchBack: (options) => run((query) => switchBack(query, options)),
    noteSessionsSwitched: () => run(noteSessionsSwitched),
    noteFinishing: () => run(noteFinishing),
    dropPrevious: () => run((query) => dropPrevious(query)),
    dropStaged: () => run(dropStaged),
  };
}

type StagedSet = Parameters<RestoreTarget["stage"]>[0];
type Options = Parameters<RestoreTarget["stage"]>[1];

async function loadRecord(query: Query, set: StagedSet, { onProgress, signal }: Options): Promise<void> {
  const total = set.manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  let loader: RowLoader | undefined;
  for await (const part of set.readRecord()) {
    signal?.throwIfAborted();
    if (part.type === "rows") {
      await loader?.add(part.bytes);
      done += part.rows;
      onProgress?.(done, total);
      continue;
    }
    await loader?.end();
    loader = part.type === "table" ? await openRowLoader(query, part.table.name, part.table.columns) : undefined;
  }
}

/** Reads every row back as the backup read it: what the database now holds is what it held then, whatever happened on the way. */
async function compareRecord(run: Run, { name, manifest }: StagedSet): Promise<void> {
  const staged = new Map((await readTables(run)).map((each) => [each.name, each]));
  for (const { name: table, columns, sha256 } of manifest.tables) {
    const key = staged.get(table)?.key ?? [];
    const hash = createHash("sha256");
    for await (const piece of readRows(run, { name: table, columns, key, numbered: [] })) hash.update(piece);
    if (hash.digest("hex") !== sha256)
      throw new UnusableSet("damaged", { set: name, what: `could not be restored as it was: its table ${table} reads differently in this database` });
  }
}
