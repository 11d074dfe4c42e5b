/** `rag profile`: servers remembered by name. */
import { readSecret } from "./asking-back.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { findProfile, type Profile, type Profiles, readProfiles, requireProfileName, writeProfiles } from "./profiles.ts";
import { formatTable } from "./table.ts";

export interface NewProfileOptions {
  /** The address, which every command takes. */
  readonly url?: string;
  readonly user?: string;
}

/** Adds a profile, or another credential to one of the same server. The first one is in use at once. */
export async function runProfileAdd(
  context: Context,
  { url: address = "", user }: NewProfileOptions,
  [given = ""]: readonly string[],
): Promise<number> {
  const name = requireProfileName(given);
  if (!/^https?:$/.test(URL.parse(address)?.protocol ?? ""))
    throw new CliError(EXIT.usage, "Say where the server is: --url with an address that begins with http:// or https://.");
  const secret = await readSecret(context, user === undefined ? "API key" : `Password of ${user}`);
  const { profilesFile } = await context.loadEnvironment();
  const { current, profiles } = await readProfiles(profilesFile, context.output.notice);
  const before = findProfile({ profiles }, name);
  const kept = before?.url === address ? before : undefined;
  const profile: Profile = { ...kept, url: address, ...(user === undefined ? { apiKey: secret } : { username: user, password: secret }) };
  await writeProfiles(profilesFile, { current: current ?? name, profiles: { ...profiles, [name]: profile } });
  context.output.data({ name, ...withoutSecrets(profile) }, () => `${name} leads to ${address}; its credentials are in ${profilesFile}`);
  return EXIT.ok;
}

export async function runProfileList(context: Context): Promise<number> {
  const known = await load(context);
  const list = Object.entries(known.profiles).map(([name, profile]) => ({ name, isInUse: name === known.current, ...withoutSecrets(profile) }));
  context.output.data(list, () =>
    list.length === 0
      ? 'no profiles yet: "rag profile add" adds one'
      : formatTable(list.map(({ name, isInUse, url, credentials }) => [isInUse ? "*" : " ", name, url, credentials.join(", ")])),
  );
  return EXIT.ok;
}

export async function runProfileUse(context: Context, [name = ""]: readonly string[]): Promise<number> {
  const { profilesFile } = await context.loadEnvironment();
  const known = await load(context);
  const profile = findProfile(known, name);
  if (profile === undefined) throw new CliError(EXIT.notFound, `There is no profile "${name}": "rag profile list" shows those there are.`);
  await writeProfiles(profilesFile, { ...known, current: name });
  context.output.data({ name, ...withoutSecrets(profile) }, () => `${name} is in use: ${profile.url}`);
  return EXIT.ok;
}

async function load({ loadEnvironment, output }: Context): Promise<Profiles> {
  return await readProfiles((await loadEnvironment()).profilesFile, output.notice);
}

/** What may be shown of a profile. */
function withoutSecrets({ url, apiKey, username }: Profile): { readonly url: string; readonly credentials: readonly string[] } {
  return { url, credentials: [...(apiKey === undefined ? [] : ["API key"]), ...(username === undefined ? [] : [`user ${username}`])] };
}
