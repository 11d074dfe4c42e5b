/** Calls of an administrator to a running server. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AdminAccess } from "../config.ts";
import { CliError, EXIT, exitCodeOf } from "./exit-codes.ts";

export interface AdminClient {
  /** @returns the parsed body; undefined for an empty one. @throws CliError with the server's own words. */
  call(method: "GET" | "POST" | "DELETE", path: string): Promise<unknown>;
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
    const { access_token: given }: { readonly access_token?: unknown } = JSON.parse(await response.text());
    return String(given);
  }

  return {
    async call(method, path) {
      token ??= await logIn();
      const response = await send(method, path, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw await refusal(response);
      const text = await response.text();
      return text === "" ? undefined : JSON.parse(text);
    },
  };
}

/** The password that the first start created, readable by whoever may read the data folder. */
async function readPassword(dataDir: string): Promise<string> {
  const path = join(dataDir, "secrets.json");
  try {
    const { adminPassword }: { readonly adminPassword?: unknown } = JSON.parse(await readFile(path, "utf8"));
    if (typeof adminPassword === "string") return adminPassword;
  } catch {
    // Said below.
  }
  throw new CliError(EXIT.notAllowed, `There is no password: set ADMIN_PASSWORD, or DATA_DIR to the server's data folder (${path} cannot be read).`);
}

async function refusal(response: Response): Promise<CliError> {
  const text = await response.text();
  let detail = `the server answered ${response.status}`;
  try {
    const problem: { readonly detail?: unknown; readonly code?: unknown } = JSON.parse(text);
    if (typeof problem.detail === "string") detail = `${problem.detail} (${String(problem.code)})`;
  } catch {
    // No problem document: a proxy, or no server of ours.
  }
  return new CliError(exitCodeOf(response.status), detail);
}
