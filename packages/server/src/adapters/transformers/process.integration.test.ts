/** What the process of a model may do to the server's, and the server's to it. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createRandomSource } from "../../../../core/src/semantic/random.ts";
import { embedderOptionsFor, FAULTY_PROGRAM } from "../../../test-support/local-model-options.ts";
import { createModelFolder, end, openFaultyEmbedder } from "../../../test-support/local-model-scene.ts";
import { writeTinyEmbedder } from "../../../test-support/tiny-model/tiny-model.ts";
import { openLocalEmbedder } from "./embedder.ts";
import type { ModelEvent } from "./model-service.ts";

const GONE_WITHIN_MS = 5_000;
/** Generous, for machines that do much else; how soon it is back is asserted elsewhere. */
const BACK_WITHIN_MS = 30_000;
const ROUNDS = 6;
/** A process loads for 300 ms on an idle machine and then runs for 100. */
const LATEST_MS = 500;
const SIGNALS = ["SIGKILL", "SIGABRT", "SIGSEGV"] as const;
const OWNER = join(import.meta.dirname, "../../../test-support/model-owner.ts");
const passage = { purpose: "passage" } as const;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("the process of a model", () => {
  let models: string;
  let tiny: string;
  /** Its runs take so long that a signal comes amid one. */
  let slow: string;
  beforeAll(async () => {
    models = await createModelFolder();
    tiny = join(models, "tiny");
    slow = join(models, "slow");
    await writeTinyEmbedder(tiny);
    await writeTinyEmbedder(slow, { rounds: 4 });
  });

  it("may be ended by any signal at any moment, while it loads, runs or waits: nothing is lost, and nobody notices but by the wait", async () => {
    const random = createRandomSource(7);
    const { embedder, processes } = await openFaultyEmbedder(slow);
    const texts = Array.from({ length: 30 }, (_, at) => `${"tea and ".repeat(at)}gardens`);
    const undisturbed = await embedder.embed(texts, passage);
    for (let round = 0; round < ROUNDS; round += 1) {
      await expect.poll(() => processes.length, { timeout: BACK_WITHIN_MS, interval: 1 }).toBe(round + 1);
      const disturbed = embedder.embed(texts, passage);
      await new Promise((resolve) => setTimeout(resolve, (random() / 2 ** 32) * LATEST_MS));
      await end(processes[round], SIGNALS[round % SIGNALS.length] ?? "SIGKILL");
      expect(await disturbed).toEqual(undisturbed);
    }
    await expect.poll(() => embedder.status(), { timeout: BACK_WITHIN_MS }).toMatchObject({ isReady: true, waiting: 0, restarts: ROUNDS });
    // One channel and one pipe are open, those of the last.
    await expect
      .poll(() => processes.filter(({ connected, stderr }) => connected || stderr?.destroyed === false).length, { timeout: GONE_WITHIN_MS })
      .toBe(1);
  });

  it.each(["", "hang"])("ends with the server's, even if that is killed: %s", async (fault) => {
    const owner = spawn(process.execPath, [OWNER, tiny, fault], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void owner.kill("SIGKILL"));
    const said: string[] = [];
    for await (const line of createInterface(owner.stdout)) {
      said.push(line);
      if (line === "ready") break;
    }
    const pid = Number(said[0]);
    expect(isAlive(pid)).toBe(true);
    owner.kill("SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: GONE_WITHIN_MS }).toBe(false);
  });

  it("leaves the signals that a terminal sends to all processes to the server", async () => {
    const { embedder, processes } = await openFaultyEmbedder(tiny);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) processes[0]?.kill(signal);
    expect(await embedder.embed(["tea"], passage)).toHaveLength(1);
    expect(embedder.status()).toMatchObject({ isReady: true, restarts: 0 });
  });

  it("is gone when the model is closed, whatever it is at", async () => {
    const { embedder, processes } = await openFaultyEmbedder(slow);
    const refused = expect(embedder.embed(["tea ".repeat(60)], passage)).rejects.toMatchObject({ code: "not_ready" });
    await embedder.close();
    await refused;
    expect(processes.map(({ signalCode }) => signalCode)).toEqual(["SIGKILL"]);
  });

  it("computes at a lower priority than the server answers, and is the first to go when the machine is out of memory", async () => {
    const { processes } = await openFaultyEmbedder(tiny);
    expect(Number(await readFile(`/proc/${processes[0]?.pid}/oom_score_adj`, "utf8"))).toBeGreaterThan(0);
    expect(getPriority(processes[0]?.pid)).toBeGreaterThan(getPriority());
  });

  it("has nothing of the server's environment, and none of its options", async () => {
    const { processes } = await openFaultyEmbedder(tiny);
    const [environment, command] = await Promise.all(
      ["environ", "cmdline"].map(async (file) => (await readFile(`/proc/${processes[0]?.pid}/${file}`, "utf8")).split("\0").filter(Boolean)),
    );
    expect(environment?.map((entry) => entry.split("=")[0])).toEqual(["NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"]);
    expect(command).toEqual([process.execPath, FAULTY_PROGRAM]);
  });

  it("is tried again when the machine cannot start it, and what it printed goes to the log", async () => {
    const events: ModelEvent[] = [];
    const starts = ["starts", "prints and ends", "cannot be started", "starts"];
    const processes: ChildProcess[] = [];
    const embedder = await openLocalEmbedder(
      embedderOptionsFor(tiny, {
        onEvent: (event) => events.push(event),
        startProcess(file, options) {
          const how = starts.shift();
          if (how === "cannot be started") throw new Error("spawn ENOMEM");
          const child =
            how === "starts" ? fork(file, [], options) : fork("none", [], { ...options, execArgv: ["-e", "console.error('libgomp: failed')"] });
          processes.push(child);
          return child;
        },
      }),
    );
    onTestFinished(() => embedder.close());
    await end(processes[0], "SIGKILL");
    expect(await embedder.embed(["tea"], passage)).toHaveLength(1);
    expect(events.filter(({ type }) => type === "away")).toEqual([
      { type: "away", reason: "its process was ended by SIGKILL" },
      { type: "away", reason: "its process ended with code 0", output: "libgomp: failed" },
      { type: "away", reason: "its process cannot be started: spawn ENOMEM" },
    ]);
  });
});
