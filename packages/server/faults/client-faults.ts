/** F13: clients leave at each byte of an answer, never read, send a byte at a time, ask twice at once, and ask many times in one breath. */
import { setTimeout as delay } from "node:timers/promises";
import { type ModelScene, startModelScene, TOTAL_TIMEOUT_MS } from "./model-scene.ts";
import { chatRequest, connectRaw } from "./raw-client.ts";
import { type RowOptions, type RowResult, TOLERANCE_MS } from "./row.ts";
import { exitViolation } from "./scene.ts";
import { timeUntil } from "./waiting.ts";

const ABORT_WITHIN_MS = 100;
const GIVE_UP_AFTER_MS = 10_000;
const DEAF_CLIENTS = 50;
const REQUEST_TIMEOUT_MS = 2_000;
const PIPELINED = 20;
/** What is kept for connections to come; connections that nobody uses are closed after some seconds. */
const FILES_MORE = 10;
const KEPT_ALIVE_MS = 20_000;
/** Beyond what as many clients took before: the heap has grown to what the work needs by then, and what grows on is a leak. */
const MEMORY_MORE_MIB = 50;

/** `injections` is the number of bytes after which a client leaves: after the first, after the second, and so on. */
export async function failClients(options: RowOptions): Promise<RowResult> {
  const { injections, say } = options;
  const scene = await startModelScene(options, { REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS), HEADERS_TIMEOUT_MS: "1000" });
  for (let bytes = 1; bytes <= injections; bytes += 1) await leaveAfter(scene, bytes);
  say("as many left before as are measured");
  const before = await scene.observer.resources();
  const abortMs: number[] = [];
  for (let bytes = 1; bytes <= injections; bytes += 1) {
    abortMs.push(await leaveAfter(scene, bytes));
    if (bytes % 100 === 0) say(`left after ${bytes} bytes`);
  }
  await neverRead(scene);
  say("never read");
  await trickle(scene);
  await askTwice(scene);
  await pipeline(scene);
  await quiet(scene, "at the end");
  const areFilesFlat = async (): Promise<boolean> => (await scene.observer.resources()).files <= before.files + FILES_MORE;
  const closedMs = await timeUntil(areFilesFlat, performance.now(), KEPT_ALIVE_MS);
  const after = await scene.observer.resources();
  if (closedMs === undefined) scene.violate("disagrees", `open files ${before.files} → ${after.files}, ${KEPT_ALIVE_MS} ms after the last request`);
  if (after.memoryMiB > before.memoryMiB + MEMORY_MORE_MIB) scene.violate("disagrees", `memory ${before.memoryMiB} → ${after.memoryMiB} MiB`);
  if (scene.server.process.exitCode !== null) scene.violate("process exit", exitViolation(scene.server).detail);
  return {
    injections,
    requests: scene.llm.requests.length + PIPELINED,
    violations: scene.violations,
    detectMs: abortMs,
    healMs: [],
    remarks: [
      "to detect: from a client's leaving until the call to the model is given up",
      `${DEAF_CLIENTS} clients that never read, one that sends a byte at a time, the same question twice at once, ${PIPELINED} requests in one breath`,
      `open files ${before.files} → ${after.files}, memory ${Math.round(before.memoryMiB)} → ${Math.round(after.memoryMiB)} MiB`,
    ],
  };
}

let asked = 0;
/** A question that no cache and no call under way can answer. */
const newQuestion = (more: object = {}) => ({
  question: "Where does the owl sleep?",
  filters: { pathPrefixes: ["owl", `raw ${++asked}/`] },
  ...more,
});

/** Resolves when no call to the model is under way. @returns how long that took, in milliseconds. */
async function quiet({ llm, violate }: ModelScene, what: string): Promise<number> {
  const fromMs = performance.now();
  const gaveUp = await Promise.race([llm.quiet().then(() => false), delay(GIVE_UP_AFTER_MS, true)]);
  if (gaveUp) violate("disagrees", `${what}: a call to the model is still under way after ${GIVE_UP_AFTER_MS} ms`);
  return performance.now() - fromMs;
}

async function leaveAfter(scene: ModelScene, bytes: number): Promise<number> {
  scene.llm.behave("never comes to an end");
  const client = await connectRaw(scene.server.address);
  client.socket.write(chatRequest(scene.apiKey, newQuestion({ stream: true })));
  await client.until(bytes);
  client.socket.destroy();
  const abortMs = await quiet(scene, `left after ${bytes} bytes`);
  if (abortMs > ABORT_WITHIN_MS + TOLERANCE_MS)
    scene.violate("late", `the call to the model ended ${Math.round(abortMs)} ms after its reader had left`);
  return abortMs;
}

async function neverRead(scene: ModelScene): Promise<void> {
  scene.llm.behave("never comes to an end");
  const clients = await Promise.all(
    Array.from({ length: DEAF_CLIENTS }, async () => {
      const client = await connectRaw(scene.server.address);
      client.socket.pause();
      client.socket.write(chatRequest(scene.apiKey, newQuestion({ stream: true })));
      return client;
    }),
  );
  await delay(TOTAL_TIMEOUT_MS);
  const quietMs = await quiet(scene, "clients that never read");
  if (quietMs > TOTAL_TIMEOUT_MS) scene.violate("late", `calls for clients that never read ended ${Math.round(quietMs)} ms after their deadline`);
  for (const { socket } of clients) socket.destroy();
  await scene.resetBreaker();
}

/** A request that takes for ever to be sent is ended by the server. */
async function trickle(scene: ModelScene): Promise<void> {
  scene.llm.behave("answers");
  const client = await connectRaw(scene.server.address);
  const fromMs = performance.now();
  const sending = (async () => {
    for (const byte of chatRequest(scene.apiKey, newQuestion())) {
      if (client.socket.destroyed) return;
      client.socket.write(byte);
      await delay(100);
    }
  })();
  const isOver = await Promise.race([client.closed.then(() => true), delay(2 * REQUEST_TIMEOUT_MS, false)]);
  if (!isOver) scene.violate("late", `a client that sends a byte at a time is still there after ${Math.round(performance.now() - fromMs)} ms`);
  client.socket.destroy();
  await sending;
}

async function askTwice(scene: ModelScene): Promise<void> {
  const body = newQuestion();
  const askedBefore = scene.llm.requests.length;
  const ask = async (): Promise<number> => {
    const response = await fetch(`${scene.server.address}/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": scene.apiKey },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const statuses = await Promise.all([ask(), ask()]);
  if (statuses.some((status) => status !== 200)) scene.violate("failed", `the same question twice at once: ${statuses.join(" and ")}`);
  const calls = scene.llm.requests.length - askedBefore;
  if (calls !== 1) scene.violate("doubled", `the same question twice at once asked the model ${calls} times`);
}

async function pipeline(scene: ModelScene): Promise<void> {
  const client = await connectRaw(scene.server.address);
  const health = "GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n";
  const last = "GET /health/live HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
  client.socket.write(health.repeat(PIPELINED / 2) + chatRequest(scene.apiKey, newQuestion()) + health.repeat(PIPELINED / 2 - 2) + last);
  await Promise.race([client.closed, delay(GIVE_UP_AFTER_MS)]);
  const answers = client.received().split("HTTP/1.1 200").length - 1;
  if (answers !== PIPELINED) scene.violate("failed", `${answers} of ${PIPELINED} requests sent in one breath were answered with 200`);
  client.socket.destroy();
}
