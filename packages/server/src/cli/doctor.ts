/** `rag doctor`: all stores compared with the record, and mended on demand. */
import type { DoctorFinding, DoctorReport } from "@rag-personal/client";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";

/** A repair may have to embed what is missing. */
const TIMEOUT_MS = 600_000;

/** @returns the exit code: 1 when something differs, 6 when a repair left something over. */
export async function runDoctor(context: Context, { repair }: { readonly repair: boolean }): Promise<number> {
  const { doctor } = (await context.connect()).admin;
  const options = { signal: context.signal, timeoutMs: TIMEOUT_MS };
  const report = await (repair ? doctor.repair(options) : doctor.examine(options));
  context.output.data(report, () => describe(report, repair));
  if (report.findings.length === 0) return EXIT.ok;
  return repair ? EXIT.partly : EXIT.failed;
}

function describe({ record, examined, findings, repaired }: DoctorReport, repair: boolean): string {
  const lines = [`record: ${record.documents} documents, ${record.chunks} chunks`, `compared with it: ${examined.join(", ")}`];
  const open = new Set(findings.map(nameOf));
  for (const finding of repaired) if (!open.has(nameOf(finding))) lines.push(`mended: ${inWords(finding)}`);
  for (const finding of findings) lines.push(`differs: ${inWords(finding)}`);
  const isUnfindable = findings.some(({ kind }) => kind === UNFINDABLE);
  if (isUnfindable) lines.push('run "rag reindex" to build the vectors anew');
  if (findings.length === 0) lines.push("all stores agree with the record");
  else if (findings.some(({ kind }) => kind !== UNFINDABLE))
    lines.push(repair ? 'run "rag doctor --repair" again once what is unreachable is back' : 'run "rag doctor --repair" to mend this');
  return lines.join("\n");
}

const nameOf = ({ store, kind }: DoctorFinding): string => `${store} ${kind}`;

const UNFINDABLE = "unfindable";

function inWords({ store, kind, count, examples }: DoctorFinding): string {
  if (kind === UNFINDABLE) return `${store}: ${count} of a sample not found by themselves, such as ${examples.join(", ")}`;
  if (kind === "unreachable" || kind === "refused") return `${store}: ${kind}: ${examples.join("; ")}`;
  return `${store}: ${count} ${kind === "missing" ? "missing" : "too many"}, such as ${examples.join(", ")}`;
}
