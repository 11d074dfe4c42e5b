/** The runbook's commands, run in its order against a server: all of those that need no containers. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { createRunbookShell, runRunbook } from "../test-support/runbook/run.ts";
import { startServer, temporaryDirectory } from "../test-support/running-server.ts";

const CHECKOUT = resolve(import.meta.dirname, "../../..");
const RAG = join(CHECKOUT, "packages/server/src/cli/main.mjs");

it("every command of the runbook works as it stands there", async () => {
  const folder = await temporaryDirectory();
  const server = await startServer({ DATA_DIR: join(folder.path, "data") });
  const { apiKey, adminPassword } = await server.secrets();
  const shell = createRunbookShell({
    cwd: CHECKOUT,
    environment: { HOME: process.env["HOME"] ?? folder.path, API_KEY: apiKey, ADMIN_PASSWORD: adminPassword },
    // Without npm in between, which would first bring a checkout up to date that a developer has changed.
    rewrite: (script) =>
      script.replaceAll("http://localhost:8000", server.address).replace("npm run --silent rag --", `"${process.execPath}" "${RAG}"`),
    timeoutMs: 60_000,
  });
  try {
    const markdown = await readFile(join(CHECKOUT, "docs/runbook.md"), "utf8");
    const { ran, elsewhere } = await runRunbook({ markdown, place: "server", execute: shell.execute });
    const outputOf = (part: string): string => ran.find(({ block }) => block.script.includes(part))?.result.output ?? `${part} did not run`;
    // curl ends well whatever it is answered.
    expect(outputOf("/health/detailed")).toContain('"status":"healthy"');
    expect(outputOf("/admin/stats")).toMatch(/"documents":20[\s\S]*"state":"/);
    expect(outputOf("rag status")).toMatch(/20 documents|documents\s+20/);
    expect(outputOf("text/event-stream")).toContain('"state":"succeeded"');
    expect(outputOf("/admin/breaker/reset")).toContain("CLOSED");
    expect(outputOf("Why is the goat")).toContain("gold braid");
    for (const { block, result } of ran) expect(result.output, block.script).not.toMatch(/"type":"urn:rag-personal:error|curl: \(/);
    expect([ran.length > 15, elsewhere.length > 15]).toEqual([true, true]);
  } finally {
    shell.close();
    await server.stop();
    await folder.remove();
  }
});
