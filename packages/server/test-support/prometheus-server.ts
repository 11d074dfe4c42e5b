/** A Prometheus of its own for a test, and the tools that come with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { findUnpackedProgram } from "./unpacked-program.ts";

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

export type PrometheusProgram = "prometheus" | "promtool" | "amtool";

/** @throws with instructions when it is not there and cannot be had. */
export function findProgram(name: PrometheusProgram): string {
  return findUnpackedProgram(name, {
    folder: "prometheus",
    packages: ["prometheus", "prometheus-alertmanager"],
    installation: "brew install prometheus alertmanager",
  });
}

/** One series of an instant query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusServer {
  readonly url: string;
  /** @throws with what Prometheus says of the query. */
  query(expression: string): Promise<readonly Sample[]>;
  /** Names of the alerts that fire now. */
  firing(): Promise<ReadonlySet<string>>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** Starts it. Resolves when it is ready. @param configFile of which the rule files are named relative to it. */
export async function startPrometheus(configFile: string): Promise<PrometheusServer> {
  const program = findProgram("prometheus");
  const data = mkdtempSync(join(tmpdir(), "rag-prometheus-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = launch(program, [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
  ]);
  await ready(child, `${url}/-/ready`);

  async function get(path: string): Promise<unknown> {
    const response = await fetch(`${url}/api/v1/${path}`);
    const body = await response.json();
    if (body.status !== "success") throw new Error(`${path}: ${body.error}`);
    return body.data;
  }

  return {
    url,
    async query(expression) {
      const data = (await get(`query?query=${encodeURIComponent(expression)}`)) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async firing() {
      const data = (await get("alerts")) as { alerts: { state: string; labels: Record<string, string> }[] };
      return new Set(data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels["alertname"] ?? ""));
    },
    async remove() {
      if (child.process.exitCode === null && child.process.signalCode === null) {
        const exited = once(child.process, "exit");
        child.process.kill("SIGKILL");
        await exited;
      }
      rmSync(data, { recursive: true, force: true });
    },
  };
}

interface Launched {
  readonly process: ChildProcess;
  output(): string;
}

function launch(program: string, args: readonly string[]): Launched {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      output += data.toString();
    });
  }
  return { process: child, output: () => output };
}

async function ready(child: Launched, url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (child.process.exitCode !== null || performance.now() > deadline) throw new Error(`Prometheus did not start:\n${child.output()}`);
    await delay(POLL_MS);
  }
}
