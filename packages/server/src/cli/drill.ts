/** `rag drill`: proves a backup by restoring it into scratch stores, and notes what that took. */
import { join } from "node:path";
import type { DrillReport } from "../operations/drill/drill.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";

export interface DrillOptions {
  /** Seconds. */
  readonly timeout: number;
}

const MS = 1_000;

/** @returns 1 when anything is not as it was in the backup. */
export async function runDrillCommand(context: Context, { timeout }: DrillOptions, [wanted]: readonly string[]): Promise<number> {
  const { output } = context;
  const config = await context.loadOperationsConfig();
  const [{ drillServices, noteDrill }, { runDrill }, { listSets }, { chooseSet }] = await Promise.all([
    import("../composition/drill.ts"),
    import("../operations/drill/drill.ts"),
    import("../operations/list-sets.ts"),
    import("../operations/restoring/choose-set.ts"),
  ]);
  const names = (await listSets(config.BACKUP_DIR)).map(({ name }) => name);
  const newest = names.at(-1);
  if (newest === undefined) throw new CliError(EXIT.failed, `There is no backup set in ${config.BACKUP_DIR}. Take one with \`rag backup\`.`);
  const name = wanted === undefined ? newest : chooseSet(names, wanted);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeout * MS)]);
  const report = await runDrill(drillServices(config, { say: output.notice, signal }), name);
  if (report.differences.length === 0) await noteDrill(join(config.DATA_DIR, "operations.json"), report);
  output.data(report, () => describe(report));
  return report.differences.length === 0 ? EXIT.ok : EXIT.failed;
}

function describe({ set, into, rows, rtoSeconds, rpoSeconds, question, pointInTime, differences }: DrillReport): string {
  return [
    differences.length === 0
      ? `The drill succeeded: ${set}, ${rows} rows, restored into ${into}.`
      : `The drill failed: ${set}, restored into ${into}.`,
    ...differences.map((difference) => `- ${difference}`),
    question === undefined ? "There was nothing to ask about." : `Asked and answered: ${question}`,
    ...(pointInTime === undefined
      ? []
      : [
          `Recovered to the newest moment from the base backup ${pointInTime.base} in ${pointInTime.seconds.toFixed(1)} s: ${pointInTime.rows} rows, the last transaction of ${pointInTime.lastTransactionAt ?? "before it"}.`,
        ]),
    `RTO ${rtoSeconds.toFixed(1)} s to the first answered question, RPO ${rpoSeconds.toFixed(1)} s.`,
    ...(differences.length === 0 ? [] : ["Try an older set with `rag drill <set>`, and take a new backup."]),
  ].join("\n");
}
