/** Which server the command speaks to, and with which credentials. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CliEnvironment } from "./environment.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import type { Profile } from "./profiles.ts";

export interface Access {
  readonly address: string;
  readonly apiKey: string | undefined;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

export interface AccessOptions {
  /** Whether an access without any credential is of no use. */
  readonly needsCredential: boolean;
  readonly warn: (message: string) => void;
}

/** What the command line says. */
export interface GivenAccess {
  readonly url: string | undefined;
  readonly profile: string | undefined;
}

/**
 * One source is taken whole, so that a credential never goes to a server it was not meant for: the profile that is named; else the
 * environment; else the secrets in the data folder; else the profile in use.
 *
 * @throws CliError for a profile that is not there, and for no credential where one is needed.
 */
export async function resolveAccess(given: GivenAccess, environment: CliEnvironment, { needsCredential, warn }: AccessOptions): Promise<Access> {
  const access = await findAccess(given, environment, warn);
  if (needsCredential && access.apiKey === undefined && access.credentials === undefined)
    throw new CliError(
      EXIT.notAllowed,
      `There is no credential for ${access.address}: set RAG_API_KEY or RAG_PASSWORD, or DATA_DIR to the server's data folder, or add a profile with "rag profile add".`,
    );
  return access;
}

async function findAccess({ url, profile: name }: GivenAccess, environment: CliEnvironment, warn: (message: string) => void): Promise<Access> {
  const load = async (wanted: string | undefined): Promise<Profile | undefined> => {
    // Loaded when there is need: it brings zod, which takes a quarter of the time that a question takes to be sent.
    const { findProfile, readProfiles } = await import("./profiles.ts");
    return findProfile(await readProfiles(environment.profilesFile, warn), wanted);
  };
  if (name !== undefined) {
    const profile = await load(name);
    if (profile === undefined) throw new CliError(EXIT.notFound, `There is no profile "${name}": "rag profile list" shows those there are.`);
    return ofProfile(profile);
  }
  const { apiKey, username, password } = environment;
  const address = url ?? environment.address;
  if (apiKey !== undefined || password !== undefined)
    return {
      address: address ?? environment.localAddress,
      apiKey,
      credentials: password === undefined ? undefined : { username, password },
    };
  const target = address ?? environment.localAddress;
  const secrets = mayHaveSecrets(target, environment) ? await readSecrets(environment.dataDir) : undefined;
  if (secrets !== undefined) return { address: target, apiKey: secrets.apiKey, credentials: { username, password: secrets.adminPassword } };
  const inUse = address === undefined ? await load(undefined) : undefined;
  return inUse === undefined ? { address: target, apiKey: undefined, credentials: undefined } : ofProfile(inUse);
}

const ofProfile = ({ url, apiKey, username, password }: Profile): Access => ({
  address: url,
  apiKey,
  credentials: username === undefined || password === undefined ? undefined : { username, password },
});

interface Secrets {
  readonly apiKey: string | undefined;
  readonly adminPassword: string;
}

/** What the first start created, readable by whoever may read the data folder. Undefined when it is not. */
async function readSecrets(dataDir: string): Promise<Secrets | undefined> {
  const text = await readFile(join(dataDir, "secrets.json"), "utf8").catch(() => "null");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const adminPassword = textIn(parsed, "adminPassword");
  return adminPassword === undefined ? undefined : { apiKey: textIn(parsed, "apiKey"), adminPassword };
}

function textIn(value: unknown, name: string): string | undefined {
  const field: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return typeof field === "string" ? field : undefined;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/** A data folder that merely lies here says nothing about a server elsewhere; one that was named does. */
function mayHaveSecrets(address: string, { isDataDirNamed, localAddress }: CliEnvironment): boolean {
  return isDataDirNamed || address === localAddress || (URL.canParse(address) && LOOPBACK.test(new URL(address).hostname));
}
