/** Servers that share a PostgreSQL, and perhaps more, each with a folder of its own. */
import { join } from "node:path";
import { type Api, connectApi } from "./api.ts";
import { type RunningServer, startServer } from "./running-server.ts";

export interface Replica {
  readonly server: RunningServer;
  readonly api: Api;
}

/** What replicas must have in common, besides the stores and the documents folder. */
const SECRETS = {
  API_KEY: "replicas-share-this-key-9b1f27c4d8",
  SECRET_KEY: "replicas-sign-tokens-with-this-5e0a7731c2",
  ADMIN_PASSWORD: "replicas-know-one-admin-77aa41",
};

/** @param name of its folder. */
export async function startReplica(folder: string, name: string, environment: Readonly<Record<string, string>>): Promise<Replica> {
  const server = await startServer({ ...SECRETS, ...environment, DATA_DIR: join(folder, name) });
  const { API_KEY: apiKey, SECRET_KEY: secretKey, ADMIN_PASSWORD: adminPassword } = SECRETS;
  return { server, api: await connectApi({ ...server, address: server.address, secrets: async () => ({ apiKey, secretKey, adminPassword }) }) };
}
