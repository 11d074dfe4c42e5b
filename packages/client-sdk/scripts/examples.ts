/** The examples of the README and of the doc comments, made into programs that can be compiled and run. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer, temporaryDirectory } from "../../server/test-support/running-server.ts";

/** One example as a module of its own. */
export interface Example {
  /** Where it stands, such as `src/chat.ts:24`. */
  readonly place: string;
  /** TypeScript source. */
  readonly source: string;
}

/** The address, the key and the password that examples write; a run puts those of its own server there. */
const WRITTEN = { address: "http://127.0.0.1:8000", apiKey: "example-key", adminPassword: "example-password" };

/** What an example may use without saying where it comes from. */
const GIVEN = [
  { name: "apiKey", source: `const apiKey = "${WRITTEN.apiKey}";` },
  { name: "password", source: `const password = "${WRITTEN.adminPassword}";` },
  {
    name: "client",
    source: `const client = createClient({ baseUrl: "${WRITTEN.address}", apiKey: "${WRITTEN.apiKey}", credentials: { username: "admin", password: "${WRITTEN.adminPassword}" } });`,
  },
  { name: "error", source: 'const error: unknown = new RateLimitError("Too many.", { code: "rate_limited", status: 429, retryAfterSeconds: 2 });' },
];

const DOCUMENT = `# Warranty

The warranty lasts two years. It begins with the day of purchase. Ada Lund wrote the report in 1912.
`;

/** A server of the examples' own, with a document about what they ask. */
export async function startExamples(): Promise<{ place(source: string): string; close(): Promise<void> }> {
  const folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  mkdirSync(join(docs, "reports"), { recursive: true });
  writeFileSync(join(docs, "reports", "warranty.md"), DOCUMENT);
  const server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs, LOG_LEVEL: "warn" });
  const { apiKey, adminPassword } = await server.secrets();
  return {
    place: (source) =>
      source.replaceAll(WRITTEN.address, server.address).replaceAll(WRITTEN.apiKey, apiKey).replaceAll(WRITTEN.adminPassword, adminPassword),
    async close() {
      await server.stop();
      await folder.remove();
    },
  };
}

const mentions = (text: string, name: string): boolean => new RegExp(String.raw`(?<![\w.])${name}\b`).test(text);
const declares = (text: string, name: string): boolean =>
  new RegExp(String.raw`(?:const|let) (?:${name}\b|[[{][^=}\]]*\b${name}\b[^=}\]]*[}\]])|catch \(${name}\)|\(${name}\) =>`).test(text);

/** Adds the imports and the given names an example leaves out. */
function complete(snippet: string, exported: ReadonlyMap<string, string>): string {
  const given = GIVEN.filter(({ name }) => mentions(snippet, name) && !declares(snippet, name)).map(({ source }) => source);
  const body = [...given, snippet].join("\n");
  const imports = [...exported]
    .filter(([name]) => mentions(body, name) && !new RegExp(String.raw`import \{[^}]*\b${name}\b`).test(body))
    .filter(([name]) => !declares(snippet, name))
    .map(([name, from]) => `import { ${name} } from "${from}";`);
  return [...imports, body, "export {};", ""].join("\n");
}

function* fences(text: string): Generator<{ readonly line: number; readonly snippet: string }> {
  for (const match of text.matchAll(/^([ \t]*\* |)```ts\n([\s\S]*?)^\1```/gm)) {
    const [, prefix = "", snippet = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    yield {
      line,
      snippet: snippet
        .split("\n")
        .map((each) => (each.startsWith(prefix.trimEnd()) ? each.slice(prefix.length) : each))
        .join("\n")
        .trimEnd(),
    };
  }
}

/** @param exported names that can be imported as values, and from where. */
export function findExamples(packageFolder: string, exported: ReadonlyMap<string, string>): Example[] {
  const files = ["README.md", ...globSync("src/**/*.ts", { cwd: packageFolder }).filter((file) => !file.endsWith(".test.ts"))];
  return files.flatMap((file) => {
    const text = readFileSync(join(packageFolder, file), "utf8");
    return [...fences(text)].map(({ line, snippet }) => ({ place: `${file}:${line}`, source: complete(snippet, exported) }));
  });
}
