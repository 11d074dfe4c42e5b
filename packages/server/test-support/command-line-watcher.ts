/** Looks at the command lines of all processes, again and again, until its input ends; then writes each that it saw, as JSON. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import type { SeenProcess } from "./command-lines.ts";

const seen = new Map<string, SeenProcess>();

function look(): void {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const commandLine = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const key = `${name} ${commandLine}`;
      if (commandLine === "" || seen.has(key)) continue;
      // After the name, which may hold anything: a letter for the state, then the parent.
      const parent = Number(/.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1]);
      seen.set(key, { pid: Number(name), parent, commandLine });
    } catch {
      // It has ended meanwhile.
    }
  }
}

// The tick lets the end of the input come through; a pause would miss processes that live for milliseconds.
const looking = setInterval(look, 1);
process.stdin.once("end", () => {
  clearInterval(looking);
  process.stdout.write(JSON.stringify([...seen.values()]));
});
process.stdin.resume();
look();
process.stderr.write("looking\n");
