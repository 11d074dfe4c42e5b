/** F12: the network between the server and the language model is slow, thin, damages bytes, or ends half-way. Every deadline holds. */
import type { Fault } from "../test-support/fault-proxy.ts";
import { type ModelScene, startModelScene } from "./model-scene.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { exitViolation } from "./scene.ts";
import { timeUntil } from "./waiting.ts";

/** So much of an answer is less than all of it: its head and the first words. */
const PART_BYTES = 600;
/** An answer, its head included, is about so long. */
const ANSWER_BYTES = 1_400;
const LET_GO_WITHIN_MS = 1_000;

/** A fault, and whether an answer that it spared may come of it. */
interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly mayAnswer: boolean;
}

const STANDING: readonly Case[] = [
  { name: "2 s late", fault: { kind: "delay", ms: 2_000 }, mayAnswer: false },
  { name: "up to 300 ms of jitter", fault: { kind: "delay", ms: 0, jitterMs: 300 }, mayAnswer: true },
  { name: "1 kB/s", fault: { kind: "rate", bytesPerSecond: 1_000 }, mayAnswer: false },
  { name: "10 kB/s", fault: { kind: "rate", bytesPerSecond: 10_000 }, mayAnswer: true },
  { name: "a byte at a time", fault: { kind: "slice", bytes: 1 }, mayAnswer: true },
  { name: "silence", fault: { kind: "silence" }, mayAnswer: false },
  { name: "refused", fault: { kind: "refuse" }, mayAnswer: false },
];
const ENDINGS = ["half", "end", "reset"] as const;

/** `injections` is the number of questions asked, each over a network of its own; the standing faults first. */
export async function failModelNetwork(options: RowOptions): Promise<RowResult> {
  const { injections, random, say } = options;
  const scene = await startModelScene(options);
  const statuses = new Map<number, number>();
  for (let injection = 0; injection < injections; injection += 1) {
    const { status } = await askOver(scene, STANDING[injection] ?? anyDamage(random));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if ((injection + 1) % 100 === 0) say(`${injection + 1} of ${injections}`);
  }
  await scene.proxy.set({ kind: "pass" });
  const { status } = await scene.ask();
  if (status !== 200) scene.violate("not healed", `status ${status} once the network is whole again`);
  if (scene.server.process.exitCode !== null) scene.violate("process exit", exitViolation(scene.server).detail);
  return {
    injections,
    requests: scene.requests(),
    violations: scene.violations,
    detectMs: [],
    healMs: [],
    remarks: [
      `statuses ${[...statuses].map(([code, count]) => `${code} ${count} times`).join(", ")}`,
      "a damaged byte within a word cannot be told from another word, so a 200 counts against the server only where less than an answer came",
    ],
  };
}

function anyDamage(random: () => number): Case {
  const upTo = (bytes: number): number => Math.floor(random() * bytes);
  const kind = Math.floor(random() * 3);
  const direction = random() < 0.5 ? ("toClient" as const) : ("toServer" as const);
  if (kind === 0) {
    const atByte = upTo(ANSWER_BYTES);
    return { name: `byte ${atByte} ${direction} damaged`, fault: { kind: "corrupt", atByte, direction }, mayAnswer: true };
  }
  const how = ENDINGS[Math.floor(random() * ENDINGS.length)] ?? "half";
  // Of a request that ends early the model has enough once its body is whole; of an answer nothing is enough but all of it.
  const afterBytes = upTo(PART_BYTES);
  return {
    name: `${direction} ${how} after ${afterBytes} bytes`,
    fault: { kind: "cut", afterBytes, how, direction },
    mayAnswer: direction === "toServer",
  };
}

async function askOver(scene: ModelScene, { name, fault, mayAnswer }: Case): Promise<{ readonly status: number }> {
  const { proxy, ask, violate, resetBreaker } = scene;
  // Connections kept from before would not meet the fault from its first byte.
  await proxy.set({ kind: "refuse" });
  await proxy.set({ kind: "pass" });
  await proxy.set(fault);
  const { status, text } = await ask(name);
  if (status === 200 && !mayAnswer) violate("failed", `${name} was taken for an answer: ${text.slice(0, 200)}`);
  await proxy.set({ kind: "refuse" });
  const letGoMs = await timeUntil(async () => proxy.counts.open === 0, performance.now(), LET_GO_WITHIN_MS);
  if (letGoMs === undefined) violate("disagrees", `${name}: the server holds ${proxy.counts.open} connections to the model`);
  await resetBreaker();
  return { status };
}
