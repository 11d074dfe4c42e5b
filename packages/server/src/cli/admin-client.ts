/** Calls of an administrator to a running server. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { AdminAccess } from "../config.ts";
import { problemAnswer, tokenAnswer } from "./answers.ts";
import { CliError, EXIT, exitCodeOf } from "./exit-codes.ts";

export interface AdminClient {
  /** @returns the body as the schema reads it. @throws CliError with the server's own words. */
  call<T>(method: "GET" | "POST", path: string, schema: z.ZodType<T>): Promise<T>;
  /** For an answer that is a file. @throws CliError with the server's own words. */
  download(path: string): Promise<Uint8Array>;
  /** For an answer without a body. @throws CliError with the server's own words. */
  remove(path: string): Promise<void>;
}

/** A repair may have to embed what is missing. */
const TIMEOUT_MS = 600_000;

/** Logs in with the first call. */
export function createAdminClient(access: AdminAccess): AdminClient {
  let token: string | undefined;

  async function send(method: string, path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${access.address}${path}`, { ...init, method, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CliError(EXIT.unreachable, `No server answers at ${access.address} (${reason}). Start it, or say where it is with RAG_URL.`);
    }
  }

  async function logIn(): Promise<string> {
    const password = access.password ?? (await readPassword(access.dataDir));
    const response = await send("POST", "/auth/token", { body: new URLSearchParams({ username: access.username, password }) });
    if (!response.ok) throw await refusal(response);
    return (await read(response, tokenAnswer)).access_token;
  }

  async function ask(method: string, path: string): Promise<Response> {
    token ??= await logIn();
    const response = await send(method, path, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw await refusal(response);
    return response;
  }

  return {
    call: async (method, path, schema) => await read(await ask(method, path), schema),
    download: async (path) => new Uint8Array(await (await ask("GET", path)).arrayBuffer()),
    async remove(path) {
      await ask("DELETE", path);
    },
  };
}

async function read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const result = schema.safeParse(parse(await response.text()));
  if (result.success) return result.data;
  throw new CliError(EXIT.failed, `What answers at ${response.url} is not a RAG Personal server of this version.`);
}

/** Undefined for what is no JSON: a proxy, or no server of ours. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const secretsFile = z.object({ adminPassword: z.string() });

/** The password that the first start created, readable by whoever may read the data folder. */
async function readPassword(dataDir: string): Promise<string> {
  const path = join(dataDir, "secrets.json");
  const { data } = secretsFile.safeParse(parse(await readFile(path, "utf8").catch(() => "")));
  if (data !== undefined) return data.adminPassword;
  throw new CliError(EXIT.notAllowed, `There is no password: set ADMIN_PASSWORD, or DATA_DIR to the server's data folder (${path} cannot be read).`);
}

async function refusal(response: Response): Promise<CliError> {
  const { data: problem } = problemAnswer.safeParse(parse(await response.text()));
  const reason = problem === undefined ? `${response.url} answered ${response.status}.` : `${problem.detail} (${problem.code})`;
  return new CliError(exitCodeOf(response.status), reason);
}
