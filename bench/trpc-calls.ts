/**
 * Procedure calls a second through our mount of the tRPC router beside `@hono/trpc-server` with the same router, and beside a bare
 * `node:http` that gives the same answer: each server on one core, the clients on the other, in turn, round by round.
 *
 * Usage: node bench/trpc-calls.ts [--rounds 5] [--seconds 2] [--connections 64]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CONFIGURED_KEY } from "../packages/server/test-support/credentials-scene.ts";
import type { LoadOptions, LoadResult } from "./http-load.ts";
import { median } from "./ranking-metrics.ts";

const ROOT = resolve(import.meta.dirname, "..");
const SERVER_CORE = "0";
const CLIENT_CORE = "1";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
  },
});

type Call = Pick<LoadOptions, "method" | "path" | "body">;

const CALLS: Readonly<Record<string, Call>> = {
  "a query by GET": { method: "GET", path: `/trpc/search?input=${encodeURIComponent('{"query":"tower"}')}` },
  "a mutation by POST": { method: "POST", path: "/trpc/chat.ask", body: { question: "Who built the tower?" } },
};

const scratch = mkdtempSync(join(tmpdir(), "rag-bench-"));
const children: ChildProcess[] = [];

function onCore(core: string, args: readonly string[]): ChildProcess {
  const child = spawn("taskset", ["--cpu-list", core, process.execPath, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

/** Everything that a program printed up to its end. */
async function printed(child: ChildProcess): Promise<string> {
  let output = "";
  for await (const data of child.stdout ?? []) output += String(data);
  return output;
}

interface Target {
  readonly port: number;
  /** Processor time used so far, in microseconds. */
  cpuMicros(): number;
}

/** Of `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux. */
const MICROS_PER_TICK = 10_000;

async function start(script: string, ...args: readonly string[]): Promise<Target> {
  const child = onCore(SERVER_CORE, [join(ROOT, "bench", script), ...args]);
  const { promise, resolve } = Promise.withResolvers<number>();
  child.stdout?.once("data", (data: Buffer) => resolve(Number(data.toString())));
  return {
    port: await promise,
    cpuMicros() {
      const [user, system] = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ").slice(11) ?? [];
      return (Number(user) + Number(system)) * MICROS_PER_TICK;
    },
  };
}

/** Throughput, and what each call cost the server: the latter is steadier on a machine that does other things too. */
type Measured = Pick<LoadResult, "perSecond"> & { readonly cpuMicros: number };

async function load({ port, cpuMicros }: Target, call: Call, seconds: number): Promise<Measured> {
  const cpuBefore = cpuMicros();
  const options: LoadOptions = { port, headers: { "x-api-key": CONFIGURED_KEY }, connections: Number(values.connections), seconds, ...call };
  const result: LoadResult = JSON.parse(await printed(onCore(CLIENT_CORE, [join(ROOT, "bench/http-load.ts"), JSON.stringify(options)])));
  if (result.failures > 0) throw new Error(`${result.failures} of ${result.requests} calls of ${call.path} failed`);
  return { perSecond: result.perSecond, cpuMicros: (cpuMicros() - cpuBefore) / result.requests };
}

const spread = (numbers: readonly number[]) => ({ median: median(numbers), least: Math.min(...numbers), most: Math.max(...numbers) });
const rounded = (value: number): number => Number(value.toFixed(3));

try {
  const ours = await start("trpc-peers.ts", "ours");
  const answer = join(scratch, "answer.json");
  const { method, path, body } = CALLS["a mutation by POST"] ?? { method: "POST", path: "" };
  const response = await fetch(`http://127.0.0.1:${ours.port}${path}`, {
    method,
    headers: { "x-api-key": CONFIGURED_KEY, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  writeFileSync(answer, await response.text());
  const servers = [
    ["ours", ours],
    ["@hono/trpc-server", await start("trpc-peers.ts", "hono-trpc-server")],
    ["node:http", await start("http-peers.ts", "node:http", answer)],
  ] as const;
  const rows = [];
  for (const [name, call] of Object.entries(CALLS)) {
    const measured = new Map<string, Measured[]>(servers.map(([server]) => [server, []]));
    // The bare peer reads a body, whatever it is asked.
    const callOf = (server: string): Call =>
      server === "node:http" ? { method: "POST", path: "/", body: { question: "Who built the tower?" } } : call;
    for (const [server, target] of servers) await load(target, callOf(server), 1);
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const [server, target] of servers) measured.get(server)?.push(await load(target, callOf(server), Number(values.seconds)));
    }
    const own = measured.get("ours") ?? [];
    const beside = (peer: string) => {
      const theirs = measured.get(peer) ?? [];
      return {
        throughput: spread(own.map(({ perSecond }, round) => rounded(perSecond / (theirs[round]?.perSecond ?? 0)))),
        cpu: spread(own.map(({ cpuMicros }, round) => rounded((theirs[round]?.cpuMicros ?? 0) / cpuMicros))),
      };
    };
    const row = {
      name,
      perSecond: spread(own.map(({ perSecond }) => perSecond)),
      cpuMicros: rounded(median(own.map(({ cpuMicros }) => cpuMicros))),
      besideHonoTrpcServer: beside("@hono/trpc-server"),
      besideNodeHttp: beside("node:http"),
    };
    rows.push(row);
    const shown = ({ throughput, cpu }: ReturnType<typeof beside>): string => `${throughput.median} in throughput, ${cpu.median} in processor time`;
    console.log(`${name}: ${row.perSecond.median} calls/s, ${row.cpuMicros} µs each`);
    console.log(`  beside @hono/trpc-server ${shown(row.besideHonoTrpcServer)}; beside node:http ${shown(row.besideNodeHttp)}`);
  }
  const result = { node: process.version, rounds: Number(values.rounds), seconds: Number(values.seconds), rows };
  writeFileSync(join(ROOT, "bench/results/trpc-calls.json"), `${JSON.stringify(result, null, 2)}\n`);
} finally {
  for (const child of children) child.kill("SIGTERM");
  rmSync(scratch, { recursive: true, force: true });
}
