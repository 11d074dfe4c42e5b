/** F14: the server is replaced by hand-over of its listening socket, under load. */
import { restartUnderLoad } from "../test-support/restart-load.ts";
import type { RowOptions, RowResult, Violation } from "./row.ts";

export async function handOver({ injections }: RowOptions): Promise<RowResult> {
  const result = await restartUnderLoad(injections);
  const violations: Violation[] = [
    ...result.failures.map(({ what, status, reason }): Violation => ({ kind: "failed", detail: `${what}: status ${status}, ${reason}` })),
    ...result.lost.map((id): Violation => ({ kind: "lost", detail: `feedback ${id} is not there` })),
  ];
  if (result.stored > result.sent.size) violations.push({ kind: "doubled", detail: `${result.stored} feedback stored, ${result.sent.size} sent` });
  return {
    injections,
    requests: result.requests,
    violations,
    detectMs: [],
    healMs: result.restartsMs,
    remarks: [
      "healing is the time from the signal until the next server takes connections; nobody is refused meanwhile",
      `slowest request ${Math.round(result.slowestMs)}, p99 ${Math.round(result.p99Ms)} ms; ${result.acknowledged.size} feedback acknowledged, ${result.lost.length} lost`,
    ],
  };
}
