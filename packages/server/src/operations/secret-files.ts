/** The files from which the containers of the stack read their secrets. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compare, hash } from "bcryptjs";
import type { StackSecrets } from "../settings/deployment.ts";

/**
 * The password is long and random, so that nobody guesses it however quick the hash is; a slow one would let anybody who asks with a wrong
 * password keep caddy's processor busy.
 */
const BCRYPT_COST = 5;
/** The folder lets nobody but its owner in; the file itself is read by the user of whichever container it is mounted into. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o444;

export interface SecretFileOptions {
  readonly folder: string;
  readonly secrets: StackSecrets;
  readonly metrics: { readonly username: string; readonly password: string };
  /** Makes a secret nobody has to know: that of PostgreSQL's superuser, who logs in by its socket alone. */
  readonly newSecret: () => string;
}

/**
 * Writes what differs, in place: a container that has the file mounted sees the new contents.
 *
 * @returns the names of the files that were written.
 */
export async function writeSecretFiles({ folder, secrets, metrics, newSecret }: SecretFileOptions): Promise<readonly string[]> {
  await mkdir(join(folder, "backup"), { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
  const before = (name: string): Promise<string | undefined> => readFile(join(folder, name), "utf8").catch(() => undefined);
  const metricsUsers = await before("metrics_users");
  const contents: Readonly<Record<string, string>> = {
    postgres_superuser_password: (await before("postgres_superuser_password")) ?? newSecret(),
    postgres_password: secrets.POSTGRES_PASSWORD ?? "",
    redis_auth: `requirepass ${secrets.REDIS_PASSWORD ?? ""}\n`,
    // A hash has a salt and would differ each time.
    metrics_users:
      metricsUsers !== undefined && (await isFor(metricsUsers, metrics))
        ? metricsUsers
        : `${metrics.username} ${await hash(metrics.password, BCRYPT_COST)}\n`,
    grafana_admin_password: secrets.GRAFANA_ADMIN_PASSWORD ?? "",
    smtp_password: secrets.SMTP_PASSWORD ?? "",
  };
  const written: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    if ((await before(name)) === content) continue;
    const path = join(folder, name);
    // Its owner may not write to it either until this.
    await chmod(path, 0o600).catch(() => {});
    await writeFile(path, content);
    await chmod(path, FILE_MODE);
    written.push(name);
  }
  return written;
}

async function isFor(line: string, { username, password }: { readonly username: string; readonly password: string }): Promise<boolean> {
  const [name, hashed] = line.trim().split(" ");
  return name === username && hashed !== undefined && (await compare(password, hashed));
}
