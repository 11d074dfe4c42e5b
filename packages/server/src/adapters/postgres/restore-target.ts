/** The database whose record is restored. */
import { UnusableSet } from "../../operations/backup-sets/unusable-set.ts";
import type { RestoreTarget } from "../../operations/restoring/restoration.ts";
import type { Database, Query } from "./database.ts";
import { liveSchema, ourTables, table } from "./record-schemas.ts";
import { beginStaging, continueSequences, finishStaging, openRowLoader, type RowLoader } from "./record-staging.ts";
import { dropPrevious, dropStaged, noteFinishing, noteSessionsSwitched, readRestorations, switchBack, switchToStaged } from "./record-switch.ts";

/** Of one statement, of which the longest writes half a megabyte or reads a table. */
const TIMEOUT_MS = 600_000;

/** @param database of one connection, known to the server by another name than a server's. */
export function createRestoreTarget({ transaction }: Pick<Database, "transaction">): RestoreTarget {
  const run = <T>(work: (query: Query) => Promise<T>): Promise<T> => transaction(work, { timeoutMs: TIMEOUT_MS });
  return {
    restorations: () => run(readRestorations),
    countRows: (names) =>
      run(async (query) => {
        await query((sql) => sql`set transaction read only`);
        const schema = await liveSchema(query);
        const counts = new Map<string, number>();
        for (const name of await ourTables(query, schema, names)) {
          const [row] = await query((sql) => sql.unsafe<{ count: number }[]>(`select count(*)::bigint as count from ${table(schema, name)}`));
          counts.set(name, row?.count ?? 0);
        }
        return counts;
      }),
    stage: (set, options) =>
      run(async (query) => {
        const { manifest } = set;
        await beginStaging(query, manifest.schemaVersion);
        const total = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
        let done = 0;
        let loader: RowLoader | undefined;
        let name = "";
        async function endTable(): Promise<void> {
          const rows = (await loader?.end()) ?? 0;
          const expected = manifest.tables.find((each) => each.name === name)?.rows;
          if (loader !== undefined && rows !== expected)
            throw new UnusableSet("damaged", { set: set.name, what: `has ${rows} rows of ${name} instead of ${expected}` });
        }
        for await (const part of set.readRecord()) {
          options.signal?.throwIfAborted();
          if (part.type === "rows") {
            await loader?.add(part.bytes);
            done += part.rows;
            options.onProgress?.(done, total);
            continue;
          }
          await endTable();
          if (part.type === "end") break;
          name = part.table.name;
          loader = await openRowLoader(query, name, part.table.columns);
        }
        await continueSequences(query, manifest.sequences);
        return await finishStaging(query, set.name, options);
      }),
    switchToStaged: (options) => run((query) => switchToStaged(query, options)),
    switchBack: (options) => run((query) => switchBack(query, options)),
    noteSessionsSwitched: () => run(noteSessionsSwitched),
    noteFinishing: () => run(noteFinishing),
    dropPrevious: () => run(dropPrevious),
    dropStaged: () => run(dropStaged),
  };
}
