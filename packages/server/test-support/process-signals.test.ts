import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { freezeProcesses, killProcess, pidsOf, thawProcesses } from "./process-signals.ts";

/** Writes without a pause, from three threads beside its first one, which waits. */
const BUSY = `
  const { Worker } = require("node:worker_threads");
  const write = 'const { openSync, writeSync } = require("node:fs"); const file = openSync(process.env.FILE, "a"); for (;;) writeSync(file, "x")';
  for (let thread = 0; thread < 3; thread += 1) new Worker(write, { eval: true });
`;

it("does nothing more once it is said to be frozen, and goes on when it is thawed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rag-frozen-"));
  const file = join(folder, "written");
  const written = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const child = spawn(process.execPath, ["-e", BUSY], { stdio: "ignore", env: { FILE: file } });
  try {
    for (let time = 0; time < 20; time += 1) {
      const before = written();
      await expect.poll(written, { interval: 5, timeout: 20_000 }).toBeGreaterThan(before);
      freezeProcesses(pidsOf(child));
      const frozenAt = written();
      await delay(20);
      expect(written()).toBe(frozenAt);
      thawProcesses(pidsOf(child));
    }
  } finally {
    await killProcess(child);
    rmSync(folder, { recursive: true });
  }
  expect(child.signalCode).toBe("SIGKILL");
  // Whoever is gone stands still.
  freezeProcesses(pidsOf(child));
  await killProcess(child);
});
