/** Looks at the command lines of all processes, again and again, until its input ends; then writes each that it saw, as JSON. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import type { SeenProcess } from "./command-lines.ts";

/** In its first looks a process becomes the program that it is to be; from then on it is looked at now and then, to leave the others the core. */
const YOUNG_LOOKS = 20;
const LOOKS_BETWEEN = 50;

const seen = new Map<string, SeenProcess>();
const looksAt = new Map<string, number>();
let looks = 0;

function look(): void {
  looks += 1;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const before = looksAt.get(name) ?? 0;
    looksAt.set(name, before + 1);
    if (before >= YOUNG_LOOKS && looks % LOOKS_BETWEEN !== 0) continue;
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
