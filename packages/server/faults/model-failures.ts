/** F11: the language model fails in every way the fake one knows; the circuit opens, refuses fast, and closes by itself. */
import { BROKEN_MODES, type FakeLlmMode, FLOOD_MODES, namesOf, REFUSAL_MODES, SLOW_MODES } from "../test-support/fake-llm-modes.ts";
import { quantile } from "./figures.ts";
import { type ModelScene, startModelScene } from "./model-scene.ts";
import { HEAL_WITHIN_MS, type RowOptions, type RowResult, TOLERANCE_MS } from "./row.ts";
import { exitViolation } from "./scene.ts";
import { timeUntil } from "./waiting.ts";

const [CLOSED, OPEN] = [0, 1];
const FAILURES_TO_OPEN = 5;
const SUCCESSES_TO_CLOSE = 3;
const OPEN_MS = 30_000;
const FAST_REFUSALS = 2_000;
/** Before the circuit may let a caller through. */
const REFUSALS_END_AFTER_MS = 28_000;
const FAST_P99_MS = 5;

/** Taken from the front by the number of injections, after the outage in real time. */
const MODES: readonly FakeLlmMode[] = [
  ...namesOf(BROKEN_MODES),
  ...namesOf(SLOW_MODES),
  ...namesOf(FLOOD_MODES),
  ...namesOf(REFUSAL_MODES),
  ...[401, 404, 429, 498, 500, 502, 503, 504].map((status) => ({ status })),
];

/** `injections` is the number of ways in which the model fails; the first is an outage that the circuit gets over by itself. */
export async function failModel(options: RowOptions): Promise<RowResult> {
  const { injections, say } = options;
  const scene = await startModelScene(options);
  const detected = await openCircuit(scene);
  const refusalsMs = await refuseFast(scene, detected.openedAtMs);
  say(`open; ${refusalsMs.length} refusals, p99 ${quantile(refusalsMs, 0.99).toFixed(2)} ms`);
  const healMs = await closeCircuit(scene, detected.openedAtMs);
  say("closed again");
  const notOpening = await failInEveryWay(scene, MODES.slice(0, injections - 1));
  const hasExited = scene.server.process.exitCode !== null;
  return {
    injections,
    requests: scene.requests(),
    violations: [...scene.violations, ...(hasExited ? [exitViolation(scene.server)] : [])],
    detectMs: [detected.detectMs],
    healMs,
    remarks: [
      `opens at failure ${FAILURES_TO_OPEN}; ${refusalsMs.length} refusals while open, one after the other: p50 ${quantile(refusalsMs, 0.5).toFixed(2)}, p99 ${quantile(refusalsMs, 0.99).toFixed(2)}, slowest ${quantile(refusalsMs, 1).toFixed(2)} ms`,
      "to heal: from the end of the 30 s for which the circuit stays open",
      `${injections - 1} further ways to fail; these did not open it: ${notOpening.join(", ") || "none"}`,
    ],
  };
}

/** It opens at the fifth failure, and not before. */
async function openCircuit({ llm, ask, breakerState, violate }: ModelScene): Promise<{ readonly detectMs: number; readonly openedAtMs: number }> {
  llm.behave({ status: 500 });
  const failedAtMs = performance.now();
  for (let failure = 1; failure <= FAILURES_TO_OPEN; failure += 1) {
    if ((await breakerState()) !== CLOSED) violate("disagrees", `the circuit was not closed before failure ${failure}`);
    const { code } = await ask();
    if (code !== "llm_failed") violate("failed", `failure ${failure} is ${code}, not llm_failed`);
  }
  const openedAtMs = performance.now();
  if ((await breakerState()) !== OPEN) violate("not detected", `the circuit is not open after failure ${FAILURES_TO_OPEN}`);
  return { detectMs: openedAtMs - failedAtMs, openedAtMs };
}

/** While it is open, the model is not asked. @returns how long each refusal took over HTTP, in milliseconds. */
async function refuseFast({ llm, ask, violate }: ModelScene, openedAtMs: number): Promise<readonly number[]> {
  const refusalsMs: number[] = [];
  while (refusalsMs.length < FAST_REFUSALS && performance.now() - openedAtMs < REFUSALS_END_AFTER_MS) {
    const { code, durationMs } = await ask();
    if (code !== "llm_circuit_open") violate("failed", `while open: ${code}`);
    refusalsMs.push(durationMs);
  }
  const p99Ms = quantile(refusalsMs, 0.99);
  if (p99Ms > FAST_P99_MS) violate("late", `refusals while open: p99 ${p99Ms.toFixed(2)} ms, allowed are ${FAST_P99_MS}`);
  if (llm.requests.length !== FAILURES_TO_OPEN) violate("failed", `the model was asked ${llm.requests.length} times, not ${FAILURES_TO_OPEN}`);
  return refusalsMs;
}

/** With the model back, it closes after its 30 s and three successes. @returns the milliseconds beyond the 30 s. */
async function closeCircuit({ llm, ask, breakerState, violate }: ModelScene, openedAtMs: number): Promise<readonly number[]> {
  llm.behave("answers");
  let successes = 0;
  const closedMs = await timeUntil(
    async () => {
      if ((await ask()).status === 200) successes += 1;
      return (await breakerState()) === CLOSED;
    },
    openedAtMs,
    OPEN_MS + HEAL_WITHIN_MS,
  );
  if (closedMs === undefined) {
    violate("not healed", `the circuit is not closed ${(OPEN_MS + HEAL_WITHIN_MS) / 1_000} s after it opened`);
    return [];
  }
  if (closedMs < OPEN_MS - TOLERANCE_MS) violate("disagrees", `the circuit closed ${Math.round(closedMs)} ms after it opened`);
  if (successes !== SUCCESSES_TO_CLOSE) violate("disagrees", `the circuit closed after ${successes} successes, not ${SUCCESSES_TO_CLOSE}`);
  return [Math.max(0, closedMs - OPEN_MS)];
}

/** @returns the ways that are no evidence against the model: the circuit stayed closed. */
async function failInEveryWay(scene: ModelScene, modes: readonly FakeLlmMode[]): Promise<readonly string[]> {
  const { llm, ask, violate } = scene;
  const notOpening: string[] = [];
  for (const mode of modes) {
    const name = typeof mode === "string" ? `"${mode}"` : String(mode.status);
    llm.behave(mode);
    const askedBefore = llm.requests.length;
    for (let failure = 0; failure < FAILURES_TO_OPEN; failure += 1) {
      const { status, text } = await ask(name);
      if (status === 200) violate("failed", `${name} was taken for an answer: ${text.slice(0, 200)}`);
    }
    const asked = llm.requests.length - askedBefore;
    if (asked > FAILURES_TO_OPEN) violate("failed", `${name}: the model was asked ${asked} times for ${FAILURES_TO_OPEN} questions`);
    if ((await scene.breakerState()) !== OPEN) notOpening.push(name);
    await scene.resetBreaker();
  }
  llm.behave("answers");
  const { status } = await ask();
  if (status !== 200) violate("not healed", `status ${status} once the model answers again`);
  return notOpening;
}
