/** F16: the clock of the server's machine steps by an hour and a day, forward and back. Only what is about time of day may notice. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryDirectory } from "../test-support/running-server.ts";
import { type ModelScene, startModelScene } from "./model-scene.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { exitViolation } from "./scene.ts";

const STEPS_SECONDS = [3_600, -3_600, 86_400, -86_400];
/**
 * The first start, which sets the password, lies so far back. A clock that steps back beyond that moment has every token refused until it
 * gets there again: tokens from before a password was set count for nothing.
 */
const PASSWORD_SET_SECONDS = -2 * 86_400;
/** The server looks at the file several times within. */
const NOTICED_AFTER_MS = 300;
const PRELOADED = join(import.meta.dirname, "stepping-date.ts");
const [OK, UNAUTHENTICATED] = [200, 401];
const [CLOSED, OPEN] = [0, 1];
const FAILURES_TO_OPEN = 5;

/** `injections` is the number of steps; after each the clock goes back to where it was, which is a step too. */
export async function stepClock(options: RowOptions): Promise<RowResult> {
  const { injections, cleanUp, say } = options;
  const folder = await temporaryDirectory();
  cleanUp.add(() => folder.remove());
  const file = join(folder.path, "time");
  await writeFile(file, String(PASSWORD_SET_SECONDS * 1_000));
  const scene = await startModelScene(options, {
    NODE_OPTIONS: `--import=${PRELOADED}`,
    STEPPING_DATE_FILE: file,
  });

  async function stepTo(seconds: number): Promise<void> {
    // In one piece: the server may look at it at any moment.
    await writeFile(`${file}.new`, String(seconds * 1_000));
    await rename(`${file}.new`, file);
    await delay(NOTICED_AFTER_MS);
  }

  await stepTo(0);
  let decisions = 0;
  for (let step = 0; step < injections; step += 1) {
    const seconds = STEPS_SECONDS[step % STEPS_SECONDS.length] ?? 0;
    say(`${seconds} s`);
    decisions += await stepOnce(scene, seconds, stepTo);
  }
  if (scene.server.process.exitCode !== null) scene.violate("process exit", exitViolation(scene.server).detail);
  return {
    injections,
    requests: scene.requests(),
    violations: scene.violations,
    detectMs: [],
    healMs: [],
    remarks: [
      `${decisions} decisions about tokens, the circuit, the budget and the cache, with the time of day of the process moved under it; by a preload, for the server did not become ready under libfaketime 0.9.10, and why is not known`,
    ],
  };
}

async function stepOnce(scene: ModelScene, seconds: number, stepTo: (seconds: number) => Promise<void>): Promise<number> {
  let decisions = 0;
  const name = `${seconds} s`;
  function expectSame(what: string, found: unknown, wanted: unknown): void {
    decisions += 1;
    if (found !== wanted) scene.violate("disagrees", `${name}: ${what} is ${found}, not ${wanted}`);
  }

  const before = await scene.logIn();
  expectSame("the token before the step", await scene.statusOfToken(before), OK);
  await openCircuit(scene);
  const budgetBefore = await scene.observer.metric("rag_rate_limit_remaining");

  await stepTo(seconds);
  // Either too old by its lifetime of half an hour, or issued in the future.
  expectSame("an older token", await scene.statusOfToken(before), UNAUTHENTICATED);
  const during = await scene.logIn();
  expectSame("a new token", await scene.statusOfToken(during), OK);
  expectSame("the circuit", await scene.breakerState(), OPEN);
  expectSame("a question to the open circuit", (await scene.ask(name)).code, "llm_circuit_open");
  const budgetAfter = await scene.observer.metric("rag_rate_limit_remaining");
  expectSame("what is left of the budget", budgetAfter, budgetBefore);

  await stepTo(0);
  expectSame("the token of before, with the clock back", await scene.statusOfToken(before), OK);
  expectSame("the token of meanwhile, with the clock back", await scene.statusOfToken(during), UNAUTHENTICATED);
  expectSame("the circuit, with the clock back", await scene.breakerState(), OPEN);
  await scene.resetBreaker(before);
  scene.llm.behave("answers");
  expectSame("a question, with the clock back", (await scene.ask(name)).status, OK);
  expectSame("the closed circuit", await scene.breakerState(), CLOSED);
  return decisions;
}

async function openCircuit({ llm, ask }: ModelScene): Promise<void> {
  llm.behave({ status: 500 });
  for (let failure = 0; failure < FAILURES_TO_OPEN; failure += 1) await ask();
}
