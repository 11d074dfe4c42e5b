/** A PostgreSQL of our own on files that are thrown away afterwards: only we can reach it, and it reaches nobody. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitError } from "../../exit-error.ts";
import type { PostgresAddress } from "../postgres/client.ts";
import { type PostgresPrograms, plainEnvironment } from "./programs.ts";
import { asOwner, giveTo, type ProcessOwner } from "./run-as.ts";

const STOP_TIMEOUT_MS = 20_000;
const MAX_CONNECTIONS = 20;
/** Names the socket where nothing listens on a port. */
const DEFAULT_PORT = 5432;
const LOG_CHARS = 100_000;
const LAST_WORDS_CHARS = 2_000;

export interface ScratchCluster {
  readonly address: PostgresAddress;
  /** The server's log so far. */
  log(): string;
  stop(): Promise<void>;
}

export interface ScratchClusterOptions {
  readonly programs: PostgresPrograms;
  readonly owner: ProcessOwner;
  /** The files of the database; whatever settings lie among them do not count. */
  readonly dataFolder: string;
  readonly user: string;
  readonly database: string;
  /** A port of the loopback interface to listen on too, for whoever knows a password. Default: none. */
  readonly port?: number | undefined;
  /** Settings besides those that keep it to itself. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Milliseconds until it must take connections, recovery included. */
  readonly startTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A value as it stands in a configuration file. */
const quoted = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** Starts it and resolves when it takes connections. @throws {ExitError} with its last words when it does not. */
export async function startScratchCluster(options: ScratchClusterOptions): Promise<ScratchCluster> {
  const { programs, owner, dataFolder, user, database, port, settings = {}, startTimeoutMs, signal } = options;
  // Not within the data: a path of a socket must be short.
  const folder = await mkdtemp(join(tmpdir(), "rag-pg-"));
  const socketFolder = join(folder, "s");
  await mkdir(socketFolder, { mode: 0o700 });
  // Nobody else gets through the folders, so whoever connects is us.
  await writeFile(join(folder, "hba.conf"), "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", { mode: 0o600 });
  await writeFile(join(folder, "ident.conf"), "", { mode: 0o600 });
  const all: Readonly<Record<string, string>> = {
    listen_addresses: port === undefined ? "" : "127.0.0.1",
    port: String(port ?? DEFAULT_PORT),
    unix_socket_directories: socketFolder,
    hba_file: join(folder, "hba.conf"),
    ident_file: join(folder, "ident.conf"),
    max_connections: String(MAX_CONNECTIONS),
    // What is lost by a power cut is made again.
    fsync: "off",
    full_page_writes: "off",
    hot_standby: "off",
    archive_mode: "off",
    logging_collector: "off",
    log_destination: "stderr",
    lc_messages: "C",
    ...settings,
  };
  const configuration = Object.entries(all).map(([name, value]) => `${name} = ${quoted(value)}\n`);
  await writeFile(join(folder, "postgresql.conf"), configuration.join(""), { mode: 0o600 });
  // Read after ours, whatever we say.
  await rm(join(dataFolder, "postgresql.auto.conf"), { force: true });
  for (const path of [folder, socketFolder, ...["hba.conf", "ident.conf", "postgresql.conf"].map((name) => join(folder, name))])
    await giveTo(owner, path);

  const child = spawn(join(programs.folder, "postgres"), ["-D", dataFolder, "-c", `config_file=${join(folder, "postgresql.conf")}`], {
    stdio: ["ignore", "ignore", "pipe"],
    cwd: folder,
    env: plainEnvironment(),
    ...asOwner(owner),
  });
  let log = "";
  async function stop(): Promise<void> {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  }
  try {
    await ready(
      child,
      (text) => {
        log = (log + text).slice(-LOG_CHARS);
        return log;
      },
      startTimeoutMs,
      signal,
    );
  } catch (error) {
    await stop();
    signal?.throwIfAborted();
    throw new ExitError(`The scratch PostgreSQL did not start: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return {
    address: { socketPath: join(socketFolder, `.s.PGSQL.${port ?? DEFAULT_PORT}`), user, database, maxConnections: MAX_CONNECTIONS },
    log: () => log,
    stop,
  };
}

function ready(child: ChildProcess, hear: (text: string) => string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let log = "";
  const fail = (reason: string): void => reject(new Error(`${reason}\n${log.slice(-LAST_WORDS_CHARS)}`));
  const timer = setTimeout(() => fail(`not ready within ${timeoutMs / 1_000} s`), timeoutMs);
  const onAbort = (): void => fail("interrupted");
  signal?.addEventListener("abort", onAbort, { once: true });
  child.once("error", (error) => fail(error.message));
  child.once("exit", (code) => fail(`it ended with code ${code}`));
  child.stderr?.on("data", (data: Buffer) => {
    log = hear(data.toString());
    if (log.includes("database system is ready to accept connections")) resolve();
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  });
}

/** The server ends its own processes at SIGINT; SIGQUIT is for one that does not. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGQUIT"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
