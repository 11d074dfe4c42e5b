/** A new, empty PostgreSQL in a scratch folder, reached by a password that nobody else has. */
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type PostgresPrograms, runProgram } from "./programs.ts";
import { giveTo, type ProcessOwner } from "./run-as.ts";
import { type ScratchCluster, startScratchCluster } from "./scratch-cluster.ts";

const USER = "rag";
const DATABASE = "postgres";
const START_TIMEOUT_MS = 60_000;

export interface NewCluster extends ScratchCluster {
  /** As in `DATABASE_URL`. */
  readonly url: string;
}

export interface NewClusterOptions {
  readonly programs: PostgresPrograms;
  readonly owner: ProcessOwner;
  /** An existing folder that the owner may pass through. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

export async function startNewCluster({ programs, owner, folder, signal }: NewClusterOptions): Promise<NewCluster> {
  const dataFolder = join(folder, "postgres");
  const passwordFile = join(folder, "postgres-password");
  const password = randomBytes(24).toString("hex");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await mkdir(dataFolder, { mode: 0o700 });
  for (const path of [passwordFile, dataFolder]) await giveTo(owner, path);
  await runProgram({
    programs,
    program: "initdb",
    arguments: ["-D", dataFolder, "-U", USER, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
    owner,
    signal,
  });
  const port = await freePort();
  const cluster = await startScratchCluster({
    programs,
    owner,
    dataFolder,
    user: USER,
    database: DATABASE,
    port,
    startTimeoutMs: START_TIMEOUT_MS,
    signal,
  });
  return { ...cluster, url: `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}` };
}

/** One that the system gave out just now; whoever takes it in between makes the start fail, and not go wrong. */
export async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return await promise;
}
