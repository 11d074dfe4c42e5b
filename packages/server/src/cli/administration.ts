/** `rag admin`: figures, accounts, keys, and what is set right by hand. */
import type { ApiKey, KeyOperation, User } from "@rag-personal/client";
import { confirm, readSecret } from "./asking-back.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { describeVectors } from "./reindex.ts";
import { describeDuration } from "./status.ts";
import { formatTable } from "./table.ts";

export async function runStats(context: Context): Promise<number> {
  const stats = await (await context.connect()).admin.stats({ signal: context.signal });
  context.output.data(stats, () =>
    formatTable([
      ["documents", `${stats.documents}`],
      ["chunks", `${stats.chunks}`],
      ["terms", `${stats.terms}`],
      ["dimensions", `${stats.semanticDimensions}`],
      ["index generation", `${stats.indexGeneration}`],
      ["feedback", `${stats.feedback.up} up, ${stats.feedback.down} down`],
      ["answered by", stats.answeredBy],
      ["up for", describeDuration(stats.uptimeSeconds)],
    ]),
  );
  return EXIT.ok;
}

export async function runIndex(context: Context): Promise<number> {
  const index = await (await context.connect()).admin.index({ signal: context.signal });
  const { documents, chunks, terms, dimensions, generation } = index.search;
  context.output.data(index, () =>
    [
      `generation ${generation} of the search index: ${documents} documents, ${chunks} chunks, ${terms} terms, ${dimensions} dimensions`,
      index.vectors === null ? "no vectors outside of it" : describeVectors(index),
    ].join("\n"),
  );
  return EXIT.ok;
}

export async function runBreakerReset(context: Context): Promise<number> {
  const breaker = await (await context.connect()).admin.breaker.reset({ signal: context.signal });
  context.output.data(breaker, () => `the breaker of the language model is ${breaker.state}`);
  return EXIT.ok;
}

export async function runCacheClear(context: Context): Promise<number> {
  const cache = await (await context.connect()).admin.cache.clear({ signal: context.signal });
  context.output.data(cache, () => `${cache.cleared} answers forgotten`);
  return EXIT.ok;
}

export async function runUsersList(context: Context): Promise<number> {
  const users = await (await context.connect()).admin.users.list({ signal: context.signal });
  context.output.data(users, () => formatTable(users.map(describeUser)));
  return EXIT.ok;
}

export interface NewUserOptions {
  readonly email: string;
  readonly superuser: boolean;
}

/** The password is asked for, or piped in. */
export async function runUsersCreate(context: Context, { email, superuser }: NewUserOptions, [username = ""]: readonly string[]): Promise<number> {
  const password = await readSecret(context, `Password of ${username}`);
  const user = await (await context.connect()).admin.users.create({ username, email, password, isSuperuser: superuser }, { signal: context.signal });
  context.output.data(user, () => describeUser(user).join("  "));
  return EXIT.ok;
}

export async function runUsersDisable(context: Context, { yes }: { readonly yes: boolean }, [id = ""]: readonly string[]): Promise<number> {
  const { admin } = await context.connect();
  if (!yes) await confirm(context, `Disable the user ${id}, and end all of its tokens?`);
  await admin.users.disable(id, { signal: context.signal });
  context.output.data({ id, disabled: true }, () => `${id} is disabled`);
  return EXIT.ok;
}

const describeUser = ({ id, username, email, isSuperuser, disabledAt }: User): readonly string[] => [
  id,
  username,
  email,
  isSuperuser ? "superuser" : "user",
  disabledAt === null ? "" : `disabled ${disabledAt}`,
];

export async function runKeysList(context: Context): Promise<number> {
  const keys = await (await context.connect()).admin.apiKeys.list({ signal: context.signal });
  context.output.data(keys, () => (keys.length === 0 ? "no keys but the server's own" : formatTable(keys.map(describeKey))));
  return EXIT.ok;
}

export interface NewKeyOptions {
  readonly allow: readonly KeyOperation[];
  readonly path: readonly string[];
  readonly perMinute?: number;
  readonly perDay?: number;
  readonly expires?: string;
}

/** Prints the key, which the server tells this once; all else goes beside. */
export async function runKeysCreate(context: Context, options: NewKeyOptions, [name = ""]: readonly string[]): Promise<number> {
  const { allow, path, perMinute, perDay, expires } = options;
  const created = await (await context.connect()).admin.apiKeys.create(
    {
      name,
      operations: allow.length === 0 ? undefined : allow,
      pathPrefixes: path.length === 0 ? undefined : path,
      requestsPerMinute: perMinute,
      requestsPerDay: perDay,
      expiresAt: expires,
    },
    { signal: context.signal },
  );
  context.output.notice(`The key "${created.name}" with the id ${created.id} is shown this once:`);
  context.output.data(created, () => created.key);
  return EXIT.ok;
}

export async function runKeysRevoke(context: Context, { yes }: { readonly yes: boolean }, [id = ""]: readonly string[]): Promise<number> {
  const { admin } = await context.connect();
  if (!yes) await confirm(context, `Revoke the key ${id}, for good?`);
  await admin.apiKeys.revoke(id, { signal: context.signal });
  context.output.data({ id, revoked: true }, () => `${id} is revoked`);
  return EXIT.ok;
}

const describeKey = ({ id, name, prefix, operations, pathPrefixes, expiresAt, revokedAt, lastUsedAt }: ApiKey): readonly string[] => [
  id,
  name,
  `${prefix}…`,
  operations.join(","),
  pathPrefixes === null ? "all documents" : pathPrefixes.join(","),
  revokedAt !== null ? `revoked ${revokedAt}` : expiresAt === null ? "" : `expires ${expiresAt}`,
  lastUsedAt === null ? "never used" : `used ${lastUsedAt}`,
];
