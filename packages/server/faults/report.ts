/** The matrix of a run, for people and for programs. */
import { medianAndMax, quantile } from "./figures.ts";
import type { RowResult } from "./row.ts";

/** What we set out to reach, in milliseconds. To miss it is told, and is no violation. */
export interface Aim {
  readonly detectMs?: number;
  readonly healMs?: number;
}

export interface ReportedRow extends RowResult {
  /** Such as "F1". */
  readonly row: string;
  readonly fault: string;
  readonly aim: Aim;
  readonly tookSeconds: number;
  /** Programs that wanted a core, over the last minute, when the row began and when it ended. */
  readonly loadAverage: readonly [before: number, after: number];
  /** Why the row did not come to its end. */
  readonly error: string | undefined;
}

export interface Machine {
  readonly node: string;
  readonly cores: number;
}

const VIOLATIONS_SHOWN = 20;

/** Such as "late 3, failed 1": what is not shown one by one is of these kinds too. */
function countByKind(violations: RowResult["violations"]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of violations) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const countViolations = ({ violations, error }: ReportedRow): number => violations.length + (error === undefined ? 0 : 1);

export const isClean = (rows: readonly ReportedRow[]): boolean => rows.every((row) => countViolations(row) === 0);

/** Says how often what was timed took longer than we aim at. */
function describeMisses(what: string, values: readonly number[], aimMs: number | undefined): readonly string[] {
  if (aimMs === undefined || values.length === 0) return [];
  const missed = values.filter((value) => value > aimMs).length;
  return [`${what} within the ${aimMs} ms aimed at: ${values.length - missed} of ${values.length}`];
}

/** For a person who waits for the others. */
export function summarise(row: ReportedRow): string {
  return `${countViolations(row)} violations; detected ${medianAndMax(row.detectMs)}; healed ${medianAndMax(row.healMs)}; ${row.tookSeconds} s`;
}

function remarksOf({ remarks, error, aim, detectMs, healMs, violations }: ReportedRow): readonly string[] {
  const kinds = Object.entries(countByKind(violations)).map(([kind, count]) => `${kind} ${count}`);
  return [
    ...(kinds.length === 0 ? [] : [`violations: ${kinds.join(", ")}`]),
    ...(error === undefined ? [] : [`did not come to its end: ${error.split("\n")[0]}`]),
    ...describeMisses("detected", detectMs, aim.detectMs),
    ...describeMisses("healed", healMs, aim.healMs),
    ...remarks,
  ];
}

export function toMarkdown(rows: readonly ReportedRow[], { node, cores }: Machine): string {
  const cells = rows.map((row) => [
    `${row.row} ${row.fault}`,
    row.injections,
    row.requests,
    countViolations(row),
    medianAndMax(row.detectMs),
    medianAndMax(row.healMs),
    remarksOf(row).join("; "),
  ]);
  const found = rows.flatMap(({ row, violations, error }) => [
    ...(error === undefined ? [] : [`- ${row}: ${error}`]),
    ...violations
      .slice(0, VIOLATIONS_SHOWN)
      .map(({ kind, detail, atMs }) => `- ${row} ${kind}${atMs === undefined ? "" : ` at ${Math.round(atMs)} ms`}: ${detail}`),
    ...(violations.length > VIOLATIONS_SHOWN ? [`- ${row}: ${violations.length - VIOLATIONS_SHOWN} more`] : []),
  ]);
  const loads = rows.map(({ row, loadAverage: [before, after] }) => `${row} ${before.toFixed(1)} → ${after.toFixed(1)}`);
  return [
    "| fault | injections | requests | violations | time to detect (median, max) | time to heal (median, max) | remarks |",
    "|---|---|---|---|---|---|---|",
    ...cells.map((row) => `| ${row.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`),
    "",
    `Node ${node}; the suite, its clients, the server and its stores share ${cores} cores. Load average: ${loads.join(", ")}.`,
    ...(found.length === 0 ? [] : ["", "Violations:", "", ...found]),
  ].join("\n");
}

/** One row for programs; infinite times, of what never came, are null. */
export function toRecord(row: ReportedRow, { node, cores }: Machine): Readonly<Record<string, unknown>> & { readonly row: string } {
  const summary = (values: readonly number[]): object => ({ median: Math.round(quantile(values, 0.5)), max: Math.round(quantile(values, 1)) });
  return {
    row: row.row,
    fault: row.fault,
    injections: row.injections,
    requests: row.requests,
    violations: countViolations(row),
    violationsByKind: countByKind(row.violations),
    detectMs: row.detectMs.length === 0 ? null : summary(row.detectMs),
    healMs: row.healMs.length === 0 ? null : summary(row.healMs),
    remarks: remarksOf(row),
    found: row.violations.slice(0, VIOLATIONS_SHOWN),
    tookSeconds: row.tookSeconds,
    loadAverage: { before: row.loadAverage[0], after: row.loadAverage[1] },
    cores,
    node,
  };
}
