/** F21: the server starts with PostgreSQL, Redis and the model all away; they arrive in any order. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createFindings } from "./findings.ts";
import { createHttpClient } from "./http-client.ts";
import { observe } from "./observer.ts";
import { isRedisBack } from "./redis-gauges.ts";
import { HEAL_WITHIN_MS, type RowOptions, type RowResult, type ViolationKind } from "./row.ts";
import { exitViolation } from "./scene.ts";
import { type LateParts, type Part, startLateParts } from "./start-scene.ts";
import { timeUntil } from "./waiting.ts";

const READY_WITHIN_MS = 2_000;
/** From the launch of the process; most of it is Node reading the program. */
const LIVE_WITHIN_MS = 5_000;
const BETWEEN_ARRIVALS_MS = 1_500;
const GIVE_UP_AFTER_MS = 30_000;

interface Start {
  readonly liveMs: number | undefined;
  readonly readyMs: number | undefined;
  readonly requests: number;
}

export async function startInAnyOrder(options: RowOptions): Promise<RowResult> {
  const { injections, random, say } = options;
  const parts = await startLateParts(options);
  const findings = createFindings();
  const starts: Start[] = [];
  const orders = new Set<string>();
  for (let start = 1; start <= injections; start += 1) {
    const order = shuffled(["PostgreSQL", "Redis", "model"], random);
    orders.add(order.join(", "));
    const violate = (kind: ViolationKind, detail: string): void => findings.violate(kind, `start ${start}, ${order.join(", ")}: ${detail}`);
    starts.push(await startOnce(parts, order, random, violate));
    if (start % 5 === 0) say(`${start} of ${injections}`);
  }
  return {
    injections: starts.length,
    requests: starts.reduce((sum, { requests }) => sum + requests, 0),
    violations: findings.violations,
    detectMs: starts.map(({ liveMs }) => liveMs ?? Number.POSITIVE_INFINITY),
    healMs: starts.map(({ readyMs }) => readyMs ?? Number.POSITIVE_INFINITY),
    remarks: [
      "to detect: from the launch of the process until live with everything away; to heal: from the arrival of PostgreSQL until ready",
      `${orders.size} of 6 orders, up to ${BETWEEN_ARRIVALS_MS} ms before each arrival`,
    ],
  };
}

async function startOnce(
  parts: LateParts,
  order: readonly Part[],
  random: () => number,
  violate: (kind: ViolationKind, detail: string) => void,
): Promise<Start> {
  await parts.takeAway();
  const launchedAtMs = performance.now();
  const server = parts.launch();
  const client = createHttpClient(parts.address, { "x-api-key": parts.apiKey });
  const observer = observe(server, parts.address);
  let requests = 0;

  async function isOk(path: string): Promise<boolean> {
    requests += 1;
    const reply = await client.send({ method: "GET", path }).catch(() => undefined);
    if (reply?.status === 503 && reply.headers["retry-after"] === undefined) violate("no retry-after", path);
    return reply?.status === 200;
  }

  async function ask() {
    requests += 1;
    // A place where nothing is makes it a question that no cache can answer.
    const body = { question: "How many steps does the tower have?", filters: { pathPrefixes: ["archive/", "handbook/", `${randomUUID()}/`] } };
    return await client.send({ method: "POST", path: "/chat", body });
  }

  async function becomeReady(): Promise<number | undefined> {
    const readyMs = await timeUntil(() => isOk("/health/ready"), performance.now(), GIVE_UP_AFTER_MS);
    if (readyMs === undefined || readyMs > READY_WITHIN_MS) violate("not healed", `ready ${Math.round(readyMs ?? Number.NaN)} ms after PostgreSQL`);
    return readyMs;
  }

  const liveMs = await timeUntil(() => isOk("/health/live"), launchedAtMs, GIVE_UP_AFTER_MS);
  if (liveMs === undefined || liveMs > LIVE_WITHIN_MS) violate("not healed", `live after ${Math.round(liveMs ?? Number.NaN)} ms`);
  if (await isOk("/health/ready")) violate("disagrees", "/health/ready is 200 while PostgreSQL is away");
  const early = await ask();
  if (early.status !== 503 || early.headers["retry-after"] === undefined) violate("failed", `a question before PostgreSQL came: ${early.status}`);

  let readyMs: number | undefined;
  for (const part of order) {
    await delay(random() * BETWEEN_ARRIVALS_MS);
    await parts.arrive[part]();
    // Readiness waits for this alone: without the others the server can do the main part of its work.
    if (part === "PostgreSQL") readyMs = await becomeReady();
  }
  const redisMs = await timeUntil(() => isRedisBack(observer), performance.now(), HEAL_WITHIN_MS);
  if (redisMs === undefined) violate("not healed", `Redis was not taken up within ${HEAL_WITHIN_MS} ms`);
  const { status, text } = await ask();
  if (status !== 200 || !text.includes('"answeredBy":"model"')) violate("failed", `with everything there: ${status} ${text.slice(0, 200)}`);

  if (server.process.exitCode !== null) violate("process exit", exitViolation(server).detail);
  client.close();
  observer.close();
  const exitCode = await server.stop();
  if (exitCode !== 0) violate("process exit", `it ended with ${exitCode} when it was stopped`);
  return { liveMs, readyMs, requests };
}

function shuffled(parts: readonly Part[], random: () => number): readonly Part[] {
  return parts
    .map((part) => ({ part, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ part }) => part);
}
