/**
 * Fails things under the running server on purpose and prints what became of it.
 *
 * Usage: node packages/server/faults/run.ts [rows…] [--kills N] [--short]
 *
 * Rows are named as in `rows.ts`, such as F1; without any, all run. `--kills` sets how often PostgreSQL or Chroma is killed. The matrix goes to the
 * standard output, and each row takes its place in `bench/results/faults.json`; with `--short` that file is left alone, and fewer clients
 * ask, so that what is late is late for the fault and not for the machine. Ends with 1 when there is a violation.
 */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createRandomSource } from "../../core/src/semantic/random.ts";
import { makeEmptyDatabase } from "../test-support/empty-database.ts";
import { type CleanUp, createCleanUp } from "./clean-up.ts";
import { isClean, type Machine, type ReportedRow, summarise, toMarkdown, toRecord } from "./report.ts";
import type { RowOptions } from "./row.ts";
import { ROWS, type Row } from "./rows.ts";

const RESULTS = resolve(import.meta.dirname, "../../../bench/results/faults.json");
const SEED = 20_26;
/** No row takes longer; what hangs is ended, so that the next can run. */
const ROW_TIMEOUT_MS = 30 * 60_000;
const EXIT_USAGE = 64;
const CLIENTS = { long: 50, short: 10 };

const say = (message: string): void => void process.stderr.write(`${message}\n`);

async function runRow(
  name: string,
  row: Row,
  { injections, clients }: Pick<RowOptions, "injections" | "clients">,
  cleanUp: CleanUp,
): Promise<ReportedRow> {
  say(`${name} ${row.fault}, ${injections} times`);
  const random = createRandomSource(SEED);
  const startedAtMs = performance.now();
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const facts = () => ({
    row: name,
    fault: row.fault,
    aim: row.aim,
    tookSeconds: Math.round((performance.now() - startedAtMs) / 1_000),
    loadAverage: [loadBefore, loadavg()[0] ?? Number.NaN] as const,
  });
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not over within ${ROW_TIMEOUT_MS / 60_000} minutes`)), ROW_TIMEOUT_MS);
  try {
    const running = row.run({ injections, clients, random: () => random() / 2 ** 32, cleanUp, say: (message) => say(`  ${message}`) });
    const result = await Promise.race([running, expired]);
    return { ...result, ...facts(), error: undefined };
  } catch (thrown) {
    const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const nothing = { injections: 0, requests: 0, violations: [], detectMs: [], healMs: [], remarks: [] };
    return { ...nothing, ...facts(), error };
  } finally {
    clearTimeout(timer);
    await cleanUp.run();
  }
}

function readArguments(): { readonly names: readonly string[]; readonly kills: number | undefined; readonly isShort: boolean } {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { kills: { type: "string" }, short: { type: "boolean" } } });
  const kills = values.kills === undefined ? undefined : Number(values.kills);
  const unknown = positionals.filter((name) => ROWS[name] === undefined);
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(", ")}; there are ${Object.keys(ROWS).join(", ")}.`);
  if (kills !== undefined && (!Number.isSafeInteger(kills) || kills < 1)) throw new Error("--kills takes a whole number from 1.");
  return { names: positionals, kills, isShort: values.short === true };
}

/** Puts the row in its place, and leaves the others as they stand. */
async function keep(row: ReportedRow, machine: Machine): Promise<void> {
  const before: { readonly rows: readonly { readonly row: string }[] } = JSON.parse(await readFile(RESULTS, "utf8").catch(() => '{"rows":[]}'));
  const byName = new Map([...before.rows, toRecord(row, machine)].map((each) => [each.row, each]));
  const inOrder = Object.keys(ROWS).flatMap((name) => byName.get(name) ?? []);
  await writeFile(RESULTS, `${JSON.stringify({ rows: inOrder }, null, 2)}\n`);
}

async function main(): Promise<void> {
  const { names, kills, isShort } = readArguments();
  await makeEmptyDatabase();
  const cleanUp = createCleanUp((error) => say(`could not be ended: ${error}`));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanUp.run().finally(() => process.exit(1)));
  }
  const machine: Machine = { node: process.version, cores: availableParallelism() };
  const rows: ReportedRow[] = [];
  for (const [name, row] of Object.entries(ROWS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const usual = isShort ? row.shortInjections : row.injections;
    const injections = name === "F5" || name === "F8" ? (kills ?? usual) : usual;
    const reported = await runRow(name, row, { injections, clients: isShort ? CLIENTS.short : CLIENTS.long }, cleanUp);
    rows.push(reported);
    // At once: a run that is interrupted later has not been for nothing.
    if (!isShort) await keep(reported, machine);
    say(`  ${summarise(reported)}`);
  }
  // The clients of a row that did not come to its end would go on asking.
  process.stdout.write(`${toMarkdown(rows, machine)}\n`, () => process.exit(isClean(rows) ? 0 : 1));
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = EXIT_USAGE;
}
