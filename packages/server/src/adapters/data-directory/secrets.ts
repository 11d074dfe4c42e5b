/** The server's secrets: configured, or created once and kept in the data directory. */
import { randomBytes } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ExitError } from "../../exit-error.ts";
import { writeDurably } from "./durable-file.ts";

/** 256 bits, 43 characters of base64url: out of reach of any guess, and long enough to be an HS256 key. */
const SECRET_BYTES = 32;

const secret = z.string().min(1);
const secretsFile = z.object({ apiKey: secret, secretKey: secret, adminPassword: secret });

interface Secrets {
  /** `X-API-Key` of chat, search, sessions and feedback. */
  readonly apiKey: string;
  /** Signs access tokens. */
  readonly secretKey: string;
  /** Of the user `admin`. */
  readonly adminPassword: string;
}

/** Those that a server begins with. */
export interface ServerSecrets extends Omit<Secrets, "adminPassword"> {
  /** Undefined where none is configured and none may be created: then the password that `admin` has stands. */
  readonly adminPassword: string | undefined;
}

/** What was configured. */
type GivenSecrets = { readonly [Name in keyof Secrets]?: string | undefined };

export interface SecretsOptions {
  /** The data directory; the file in it is `secrets.json`. */
  readonly directory: string;
  /** Configured values win over the file and are never written to it. */
  readonly given: GivenSecrets;
  /** Whether missing ones may be created. */
  readonly mayCreate: boolean;
}

export interface LoadedSecrets {
  readonly secrets: ServerSecrets;
  /** True when the file was written just now. */
  readonly created: boolean;
  /** Where the file is, or would be. */
  readonly path: string;
}

/**
 * Loads the secrets. When some are neither configured nor in the file, creates the file with all three, so that it is complete
 * whatever was configured on the day.
 *
 * @throws {ExitError} when the file is damaged (it is never replaced silently: tokens and clients depend on it), cannot be read, or
 * is missing and may not be created.
 */
export async function loadOrCreateSecrets({ directory, given, mayCreate }: SecretsOptions): Promise<LoadedSecrets> {
  const path = join(directory, "secrets.json");
  const { apiKey, secretKey, adminPassword } = given;
  if (apiKey !== undefined && secretKey !== undefined && (adminPassword !== undefined || !mayCreate)) {
    return { secrets: { apiKey, secretKey, adminPassword }, created: false, path };
  }
  const stored = await readSecrets(path);
  if (stored === undefined && !mayCreate) {
    throw new ExitError(`There are no secrets in ${path}, and none may be created. Set API_KEY and SECRET_KEY.`);
  }
  const kept = stored ?? { apiKey: createSecret(), secretKey: createSecret(), adminPassword: createSecret() };
  if (stored === undefined) await writeDurably(path, `${JSON.stringify(kept, null, 2)}\n`);
  return {
    secrets: { apiKey: apiKey ?? kept.apiKey, secretKey: secretKey ?? kept.secretKey, adminPassword: adminPassword ?? kept.adminPassword },
    created: stored === undefined,
    path,
  };
}

/** Replaces the password of `admin` in the file; does nothing where there is none. @throws {ExitError} as {@link loadOrCreateSecrets}. */
export async function storeAdminPassword(directory: string, adminPassword: string): Promise<void> {
  const path = join(directory, "secrets.json");
  const stored = await readSecrets(path);
  if (stored !== undefined) await writeDurably(path, `${JSON.stringify({ ...stored, adminPassword }, null, 2)}\n`);
}

function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

async function readSecrets(path: string): Promise<Secrets | undefined> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
    // A copy, a restored backup or a careless chmod may have opened it to others.
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ExitError(`The secrets in ${path} cannot be read. Make the file yours and readable (chmod 600).`, { cause });
  }
  const parsed = secretsFile.safeParse(parseJson(content));
  if (parsed.success) return parsed.data;
  throw new ExitError(
    `The secrets in ${path} are damaged. Restore the file from a backup, or delete it to have new ones created; issued tokens and the API key then end.`,
  );
}

/** Undefined for what is no JSON: no secrets object either way. */
function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
