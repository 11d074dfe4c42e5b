/** Looks at a server from outside while a fault goes on: metrics, log, process. */
import { readdir, readFile } from "node:fs/promises";
import type { RunningServer } from "../test-support/running-server.ts";
import { createHttpClient } from "./http-client.ts";

export interface Observer {
  /** Value of a metric by its name and labels as they stand in the text; undefined when there is none or no answer. */
  metric(series: string): Promise<number | undefined>;
  /** How often the text stands in what the server wrote. */
  countInLog(text: string): number;
  /** Open files, sockets among them, and resident memory in MiB; NaN where the system does not tell. */
  resources(): Promise<{ readonly files: number; readonly memoryMiB: number }>;
  close(): void;
}

export function observe(server: Pick<RunningServer, "output" | "process">, address: string): Observer {
  const client = createHttpClient(address);
  const proc = `/proc/${server.process.pid}`;
  return {
    async metric(series) {
      const reply = await client.send({ method: "GET", path: "/metrics" }).catch(() => undefined);
      const line = reply?.text.split("\n").find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
    countInLog: (text) => server.output().split(text).length - 1,
    async resources() {
      const files = await readdir(`${proc}/fd`).catch(() => undefined);
      const status = await readFile(`${proc}/status`, "utf8").catch(() => "");
      return { files: files?.length ?? Number.NaN, memoryMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1_024 };
    },
    close: () => client.close(),
  };
}
