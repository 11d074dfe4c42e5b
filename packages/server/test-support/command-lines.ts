/** What every user of the machine can see of a process: its command line. Watched while a test runs programs. Linux only. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const WATCHER = fileURLToPath(new URL("./command-line-watcher.ts", import.meta.url));

export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** Its words with spaces between them. A process that becomes another program is seen as both. */
  readonly commandLine: string;
}

export interface CommandLines {
  /** Ends watching. @returns every process that was seen, of whomever. */
  stop(): Promise<readonly SeenProcess[]>;
}

/** Resolves when it looks; in a process of its own, so that what the test does meanwhile is no pause. */
export async function watchCommandLines(): Promise<CommandLines> {
  if (process.platform !== "linux") throw new Error("Command lines are read from /proc, which Linux alone has. Run this test on Linux.");
  const watcher = spawn(process.execPath, [WATCHER], { stdio: ["pipe", "pipe", "pipe"] });
  await once(watcher.stderr, "data");
  const output = text(watcher.stdout);
  return {
    async stop() {
      watcher.stdin.end();
      return JSON.parse(await output);
    },
  };
}

/** Those that the process with this number started, and what these started in turn; not the process itself. */
export function descendantsOf(pid: number, seen: readonly SeenProcess[]): readonly SeenProcess[] {
  const family = new Set([pid]);
  // Parents are seen no earlier than their children, where these live for less than one look.
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid: child, parent } of seen) if (family.has(parent)) family.add(child);
  }
  return seen.filter((each) => each.pid !== pid && family.has(each.pid));
}
