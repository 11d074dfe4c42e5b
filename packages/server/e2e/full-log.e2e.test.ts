/** A server whose outputs lead to a disk without room, from its first line to its last. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { copyEmptyDatabase } from "../test-support/empty-database.ts";
import { freePort } from "../test-support/free-port.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";

it("starts, answers and stops although not a line of its log can be written", async () => {
  const folder = await temporaryDirectory();
  const port = await freePort();
  const environment = { DATA_DIR: join(folder.path, "data"), PORT: String(port), NODE_ENV: "test", LOG_LEVEL: "debug" };
  copyEmptyDatabase(environment);
  // Takes nothing: every write ends with ENOSPC.
  const full = openSync("/dev/full", "w");
  const server = spawn(process.execPath, [resolve(import.meta.dirname, "../src/main.ts")], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", full, full],
  });
  const exited = once(server, "exit");
  try {
    const address = `http://127.0.0.1:${port}`;
    const statusOf = async (): Promise<number> => (await fetch(`${address}/health/ready`).catch(() => undefined))?.status ?? 0;
    await expect.poll(statusOf, { timeout: 60_000 }).toBe(200);
    const { apiKey } = JSON.parse(await readFile(join(folder.path, "data/secrets.json"), "utf8"));
    for (let turn = 0; turn < 20; turn += 1) {
      const headers = { "x-api-key": apiKey, "content-type": "application/json" };
      const response = await fetch(`${address}/feedback`, {
        method: "POST",
        headers,
        body: JSON.stringify({ rating: "up" }),
        signal: AbortSignal.timeout(5_000),
      });
      expect(response.status).toBe(201);
    }
    server.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  } finally {
    server.kill("SIGKILL");
    closeSync(full);
    await folder.remove();
  }
});
