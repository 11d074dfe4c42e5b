/** Files of the server, which the client has no call for: they are no results of an API but bytes. */
import * as z from "zod";
import type { Access } from "./access.ts";
import { CliError, EXIT, exitCodeOfStatus } from "./exit-codes.ts";

/** A file may be large, and its line slow. */
const TIMEOUT_MS = 600_000;

/** @throws CliError in the server's own words. */
export async function download({ address, credentials, apiKey }: Access, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const limits = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const base = address.replace(/\/+$/, "");

  async function send(target: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      // A redirect would take the credential elsewhere.
      response = await fetch(`${base}${target}`, { ...init, redirect: "error", signal: limits });
    } catch (cause) {
      throw new CliError(EXIT.unreachable, `No server answers at ${address}. Start it, or say where it is with --url or RAG_URL.`, { cause });
    }
    if (response.ok) return response;
    const { data: problem } = problemAnswer.safeParse(await readJson(response));
    const said =
      problem === undefined ? `${address} answered ${response.status}.` : `${problem.detail} (${problem.code}, request ${problem.requestId})`;
    throw new CliError(exitCodeOfStatus(response.status), said);
  }

  const headers: Record<string, string> = {};
  if (credentials !== undefined) {
    const body = new URLSearchParams({ ...credentials });
    const { data: token } = tokenAnswer.safeParse(await readJson(await send("/auth/token", { method: "POST", body })));
    if (token === undefined) throw new CliError(EXIT.failed, `What answers at ${address} is not a RAG Personal server of this version.`);
    headers["authorization"] = `Bearer ${token.access_token}`;
  } else if (apiKey !== undefined) headers["x-api-key"] = apiKey;
  return new Uint8Array(await (await send(path, { headers })).arrayBuffer());
}

const tokenAnswer = z.looseObject({ access_token: z.string() });
const problemAnswer = z.looseObject({ detail: z.string(), code: z.string(), requestId: z.string() });

/** Undefined for what is no JSON: a proxy, or no server of ours. */
async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
