/** `rag backups`: the sets in the folder of this machine. */
import type { ListedSet } from "../operations/list-sets.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { megabytes } from "./megabytes.ts";
import { describeDuration } from "./status.ts";
import { formatTable } from "./table.ts";

/** Ends as failed when one of them cannot be used. */
export async function runBackups(context: Context, { verify }: { readonly verify: boolean }): Promise<number> {
  const { BACKUP_DIR: directory } = await context.loadOperationsConfig();
  const { listSets } = await import("../operations/list-sets.ts");
  const sets = (await listSets(directory, { compare: verify })).reverse().map((set) => summarise(set, verify));
  context.output.data({ directory, sets }, () =>
    sets.length === 0
      ? `no backup sets in ${directory}`
      : formatTable([
          ["set", "size", "rows", "sessions", "schema", "age", "state"],
          ...sets.map((set) => [
            set.name,
            set.sizeBytes === null ? "" : megabytes(set.sizeBytes),
            String(set.rows ?? ""),
            String(set.sessions ?? ""),
            String(set.schemaVersion ?? ""),
            describeDuration(set.ageSeconds),
            set.problem ?? set.state,
          ]),
        ]),
  );
  return sets.some(({ problem }) => problem !== null) ? EXIT.failed : EXIT.ok;
}

function summarise({ name, momentMs, manifest, problem }: ListedSet, isCompared: boolean) {
  return {
    name,
    sizeBytes: manifest?.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? null,
    rows: manifest?.tables.reduce((sum, { rows }) => sum + rows, 0) ?? null,
    sessions: manifest?.sessions?.entries ?? null,
    schemaVersion: manifest?.schemaVersion ?? null,
    encryption: manifest?.encryption ?? null,
    ageSeconds: Math.max(0, Math.floor((Date.now() - momentMs) / 1_000)),
    state: problem === undefined ? (isCompared ? "whole" : "listed") : "unusable",
    problem: problem?.message ?? null,
  };
}
