/** A real server with a few documents, for tests of the client against it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startServer, temporaryDirectory } from "../../server/test-support/running-server.ts";

const FILES: Readonly<Record<string, string>> = {
  "people/lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.\n\n## Her boat\n\nHer boat was called Petrel.",
  "recipes/soup.md": "# Fish soup\n\nBoil two cod heads with leeks for forty minutes. Serve the soup with rye bread.",
};

export interface LiveServer {
  readonly address: string;
  readonly port: number;
  readonly apiKey: string;
  readonly adminPassword: string;
  close(): Promise<void>;
}

/** @param environment settings besides its own. */
export async function startLiveServer(environment: Readonly<Record<string, string>> = {}): Promise<LiveServer> {
  const folder = await temporaryDirectory();
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(folder.path, "docs", path, ".."), { recursive: true });
    await writeFile(join(folder.path, "docs", path), text);
  }
  const server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: join(folder.path, "docs"), LOG_LEVEL: "warn", ...environment });
  const { apiKey, adminPassword } = await server.secrets();
  return {
    address: server.address,
    port: Number(new URL(server.address).port),
    apiKey,
    adminPassword,
    async close() {
      await server.stop();
      await folder.remove();
    },
  };
}
