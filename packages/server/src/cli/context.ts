/** What a command has in hand while it runs. */
import type { Readable, Writable } from "node:stream";
import type { Client } from "@rag-personal/client";
import type { OperationsConfig } from "../config.ts";
import type { Access } from "./access.ts";
import type { CliEnvironment } from "./environment.ts";
import { createOutput, type Output, type Sink } from "./output.ts";

/** What a program has around it. */
export interface Surroundings {
  /** Read when it is needed: help and completion do without. */
  loadEnvironment(): Promise<CliEnvironment>;
  /** For commands that work on the stores themselves. @throws ConfigError for settings that are wrong. */
  loadOperationsConfig(): Promise<OperationsConfig>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & Sink;
  readonly stderr: Writable & Sink;
  readonly hasColours: boolean;
  /** Calls the listener at each Ctrl-C, in place of the one before. */
  onInterrupt(listener: () => void): void;
  /** Calls the listener when the process is asked to end (SIGTERM), instead of ending it. */
  onTerminate(listener: () => void): void;
}

/** Options that every command takes. */
export interface CommonOptions {
  readonly url?: string;
  readonly profile?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

export interface Context extends Surroundings {
  readonly output: Output;
  /** Whether a server was named on the command line. */
  readonly isServerNamed: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Where the server is looked for, once that is known. */
  readonly address: string | undefined;
  /** Server and credentials. @throws CliError when there are none, unless none are needed. */
  findAccess(options?: ConnectOptions): Promise<Access>;
  /** The client of the server, with the credentials that were found. @throws CliError when there are none, unless none are needed. */
  connect(options?: ConnectOptions): Promise<Client>;
}

export interface ConnectOptions {
  /** Default: true. */
  readonly needsCredential?: boolean;
}

export function createContext(surroundings: Surroundings, { url, profile, json, quiet }: CommonOptions, signal: AbortSignal): Context {
  const { loadEnvironment, stdout, stderr, hasColours } = surroundings;
  const output = createOutput({ json, quiet, stdout, stderr, hasColours });
  let address: string | undefined;

  async function findAccess({ needsCredential = true }: ConnectOptions = {}): Promise<Access> {
    const { resolveAccess } = await import("./access.ts");
    const access = await resolveAccess({ url, profile }, await loadEnvironment(), { needsCredential, warn: output.notice });
    address = access.address;
    return access;
  }

  return {
    ...surroundings,
    output,
    isServerNamed: url !== undefined || profile !== undefined,
    signal,
    get address() {
      return address;
    },
    findAccess,
    async connect(options) {
      // Loaded here, as in findAccess: help, profiles and completion do without.
      const [access, { createClient }] = await Promise.all([findAccess(options), import("@rag-personal/client")]);
      return createClient({ baseUrl: access.address, apiKey: access.apiKey, credentials: access.credentials });
    },
  };
}
