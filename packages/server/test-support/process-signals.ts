/** What is done from outside to a process that a test has started. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

const STANDS_WITHIN_MS = 5_000;

/**
 * Stops processes where they stand (SIGSTOP), and returns when all their threads do: the signal comes to each thread in its turn, and until then it may
 * still answer. Off Linux it returns as soon as they are told.
 */
export function freezeProcesses(pids: readonly number[]): void {
  for (const pid of pids) signal(pid, "SIGSTOP");
  if (process.platform !== "linux") return;
  const startedAt = performance.now();
  while (!pids.every(stands)) {
    if (performance.now() - startedAt > STANDS_WITHIN_MS)
      throw new Error(`not all of ${pids.join(", ")} stand still ${STANDS_WITHIN_MS} ms after SIGSTOP`);
  }
}

export function thawProcesses(pids: readonly number[]): void {
  for (const pid of pids) signal(pid, "SIGCONT");
}

/** SIGKILL, to all of `pids` or to the child alone. Resolves when the child is gone. */
export async function killProcess(child: ChildProcess, pids: readonly number[] = pidsOf(child)): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  for (const pid of pids) signal(pid, "SIGKILL");
  await exited;
}

export const pidsOf = ({ pid }: ChildProcess): readonly number[] => (pid === undefined ? [] : [pid]);

/** Whoever has ended between being listed and being signalled is passed over. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** True also of one that has ended. */
function stands(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => {
      // The name before it, in brackets, may hold anything.
      const [state] = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").split(") ").at(-1) ?? "";
      return state === "T" || state === "Z" || state === "X";
    });
  } catch {
    return true;
  }
}
