/** Which server the command speaks to, and with which credentials. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { CliEnvironment } from "../config.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { findProfile, type Profile, readProfiles } from "./profiles.ts";

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
  const profiles = () => readProfiles(environment.profilesFile, warn);
  if (name !== undefined) {
    const profile = findProfile(await profiles(), name);
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
  const inUse = address === undefined ? findProfile(await profiles(), undefined) : undefined;
  return inUse === undefined ? { address: target, apiKey: undefined, credentials: undefined } : ofProfile(inUse);
}

const ofProfile = ({ url, apiKey, username, password }: Profile): Access => ({
  address: url,
  apiKey,
  credentials: username === undefined || password === undefined ? undefined : { username, password },
});

const secretsFile = z.object({ apiKey: z.string().optional(), adminPassword: z.string() });

/** What the first start created, readable by whoever may read the data folder. Undefined when it is not. */
async function readSecrets(dataDir: string): Promise<z.infer<typeof secretsFile> | undefined> {
  const text = await readFile(join(dataDir, "secrets.json"), "utf8").catch(() => "null");
  try {
    return secretsFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/** A data folder that merely lies here says nothing about a server elsewhere; one that was named does. */
function mayHaveSecrets(address: string, { isDataDirNamed, localAddress }: CliEnvironment): boolean {
  return isDataDirNamed || address === localAddress || (URL.canParse(address) && LOOPBACK.test(new URL(address).hostname));
}
