/** Ends what was started, the latest first, also when a row fails, hangs or is interrupted. */
import { execFileSync } from "node:child_process";

export interface CleanUp {
  add(end: () => Promise<unknown>): void;
  /**
   * Ends everything, then kills every child of this process that is left: a row that is cut short may be starting one at that moment. An
   * error of one does not keep the others.
   */
  run(): Promise<void>;
}

/** @param onError told what could not be ended. */
export function createCleanUp(onError: (error: unknown) => void): CleanUp {
  const ends: (() => Promise<unknown>)[] = [];
  return {
    add: (end) => void ends.push(end),
    async run() {
      for (const end of ends.splice(0).reverse()) await end().catch(onError);
      killChildren();
    },
  };
}

function killChildren(): void {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" }).trim().split("\n");
  for (const [pid, parent, command] of processes.map((line) => line.trim().split(/\s+/))) {
    if (Number(parent) !== process.pid || command === "ps") continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It may have ended by itself meanwhile.
    }
  }
}
