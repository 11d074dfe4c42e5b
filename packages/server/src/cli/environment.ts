/** What the environment tells the `rag` command about servers and credentials. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { processEnvironment, SETTINGS } from "../config.ts";
import type { Environment } from "../settings/kinds.ts";

export interface CliEnvironment {
  /** `RAG_URL`. */
  readonly address: string | undefined;
  /** Where a server with these settings listens: `HOST` and `PORT`. */
  readonly localAddress: string;
  /** `RAG_API_KEY`. */
  readonly apiKey: string | undefined;
  /** `RAG_USER`, or `admin`. */
  readonly username: string;
  /** `RAG_PASSWORD`, or the server's own `ADMIN_PASSWORD`. */
  readonly password: string | undefined;
  /** `DATA_DIR`: the server's folder, whose secrets may be readable. */
  readonly dataDir: string;
  readonly isDataDirNamed: boolean;
  /** Where profiles are kept: `rag/config.json` in `XDG_CONFIG_HOME`, or in `~/.config`. */
  readonly profilesFile: string;
}

export function readCliEnvironment(environment: Environment): CliEnvironment {
  const { RAG_URL, RAG_API_KEY, RAG_USER, RAG_PASSWORD, ADMIN_PASSWORD, DATA_DIR, HOST, PORT, XDG_CONFIG_HOME, HOME } = environment;
  return {
    address: RAG_URL || undefined,
    localAddress: `http://${HOST || SETTINGS.HOST.fallback}:${PORT || SETTINGS.PORT.fallback}`,
    apiKey: RAG_API_KEY || undefined,
    username: RAG_USER || "admin",
    password: RAG_PASSWORD || ADMIN_PASSWORD || undefined,
    dataDir: resolve(DATA_DIR || SETTINGS.DATA_DIR.fallback),
    isDataDirNamed: Boolean(DATA_DIR),
    profilesFile: join(XDG_CONFIG_HOME || join(HOME || homedir(), ".config"), "rag", "config.json"),
  };
}

/** Reads the environment of this process. */
export function readProcessCliEnvironment(): CliEnvironment {
  return readCliEnvironment(processEnvironment());
}
