/** The `rag` command against a running server: every command, its exit codes, its two outputs, pipes and signals. */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { type RagResult, runInShell, runRag, startRag, startRagAtTerminal } from "../test-support/rag-command.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const EXAMPLES = join(import.meta.dirname, "../../../examples");
const QUESTION = "Why is the goat called Admiral?";
const NOT_IN_THE_DOCUMENTS = "Which enzyme unwinds DNA during replication?";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let environment: Record<string, string>;
beforeAll(async () => {
  folder = await temporaryDirectory();
  server = await startServer({ DATA_DIR: join(folder.path, "data") });
  environment = { RAG_URL: server.address, DATA_DIR: join(folder.path, "data"), HOME: folder.path };
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const rag = (...args: string[]): Promise<RagResult> => runRag(args, environment);
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("rag ask", () => {
  it("prints the answer, then its numbered sources with path, headings and quote", async () => {
    const { exitCode, stdout, stderr } = await rag("ask", ...QUESTION.split(" "));
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^The goat is called Admiral because .*\[1\]\n/);
    expect(stdout).toMatch(/\n\n\[1\] handbook\/garden-and-goat\.md › The garden and the goat › Admiral\n {4}"The goat is called Admiral because/);
  });

  it("streams events as lines of JSON, or gives one object", async () => {
    const events = linesOf((await rag("ask", QUESTION, "--json")).stdout);
    expect(events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1])).toEqual(["session", "sources", "delta", "done"]);
    const whole = await rag("ask", QUESTION, "--json", "--no-stream", "--session", events[0].sessionId);
    expect(JSON.parse(whole.stdout)).toMatchObject({ answerable: true, sessionId: events[0].sessionId, citations: [{ number: 1 }, {}, {}] });
  });

  it("reads the question from its standard input, and keeps to a folder", async () => {
    const asked = await runRag(["ask", "-", "--path", "archive/", "--path", "visitors/"], environment, "Who designed the tower?\n");
    expect([asked.exitCode, asked.stdout]).toEqual([0, expect.stringContaining("[1] archive/building-the-tower.md")]);
    expect((await runRag(["ask", "-"], environment, " \n")).exitCode).toBe(2);
  });

  it("ends with 7 when the documents do not answer, and tells what came closest beside", async () => {
    const refused = await rag("ask", NOT_IN_THE_DOCUMENTS);
    expect([refused.exitCode, refused.stderr]).toEqual([7, expect.stringContaining("What came closest:\n  ")]);
    expect(refused.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect((await rag("ask", NOT_IN_THE_DOCUMENTS, "--quiet", "--no-stream")).stderr).toBe("");
  });
});

describe("rag chat", () => {
  it("answers one question for each line that is piped in, in one conversation", async () => {
    const asked = await runRag(["chat"], environment, `${QUESTION}\n/sources\n/new\n${NOT_IN_THE_DOCUMENTS}\n/quit\nnever asked\n`);
    expect(asked.exitCode).toBe(0);
    expect(asked.stdout).toMatch(/^The goat is called Admiral[\s\S]*\n\[1\] handbook\/garden-and-goat\.md\n[\s\S]*"The goat is called Admiral/);
    expect(asked.stderr).toContain("What came closest:");
    const events = linesOf((await runRag(["chat", "--json"], environment, `${QUESTION}\nWho milks her?\n/new\n${QUESTION}\n`)).stdout);
    const sessions = events.flatMap(({ type, sessionId }) => (type === "session" ? [sessionId] : []));
    expect([sessions.length, sessions[0] === sessions[1], sessions[1] === sessions[2]]).toEqual([3, true, false]);
  });

  it("prompts at a terminal, and ends by Ctrl-C when no answer is under way", async () => {
    const chat = startRagAtTerminal(["chat"], environment);
    await chat.said("> ");
    chat.process.stdin?.write(`${QUESTION}\r`);
    await chat.said("[1] handbook/garden-and-goat.md");
    chat.process.stdin?.write("\u0003");
    expect((await chat.result).exitCode).toBe(130);
  });
});

describe("rag search, documents and upload", () => {
  it("finds passages", async () => {
    const found = await rag("search", "gold", "braid", "--limit", "2", "--explain");
    expect([found.exitCode, found.stdout]).toEqual([0, expect.stringMatching(/^0\.\d{3} {2}handbook\/garden-and-goat\.md › /)]);
    expect(JSON.parse((await rag("search", "goat", "--json", "--limit", "3")).stdout).hits).toHaveLength(3);
    expect((await rag("search", "goat", "--limit", "101")).exitCode).toBe(2);
  });

  it("lists, and shows by path and by id", async () => {
    const listed = linesOf((await rag("documents", "list", "--json", "--path", "handbook/")).stdout);
    expect(listed.map(({ path }) => path)).toContain("handbook/lamp.md");
    expect((await rag("documents", "list")).stdout).toMatch(/^doc_\w+ {2}\d{4}-\d\d-\d\d {2}\d+ B +\d+ chunks {2}archive\//);
    const { id } = listed.find(({ path }) => path === "handbook/lamp.md");
    const shown = await rag("documents", "show", "handbook/lamp.md");
    expect(shown.stdout).toBe(`${await readFile(join(EXAMPLES, "documents/handbook/lamp.md"), "utf8")}\n`);
    expect((await rag("documents", "show", id)).stdout).toBe(shown.stdout);
  });

  it("uploads files and the standard input, tells each result, and deletes what was uploaded when it is meant", async () => {
    const boat = join(folder.path, "boat.md");
    await writeFile(boat, "# Boat\n\nHer boat was called Petrel.");
    const first = await rag("upload", boat, "--to", "people");
    expect(first).toEqual({ exitCode: 0, stdout: "uploads/people/boat.md: added, 1 chunk\n", stderr: "" });
    expect((await rag("ask", "What was her boat called?")).stdout).toContain("[1] uploads/people/boat.md");
    const partly = await rag("upload", boat, join(folder.path, "missing.md"));
    expect([partly.exitCode, partly.stdout]).toEqual([6, expect.stringMatching(/boat\.md: added, 1 chunk\n.*missing\.md: failed: ENOENT/)]);
    expect((await rag("upload", join(folder.path, "missing.md"))).exitCode).toBe(1);
    const piped = await runRag(["upload", "-", "--as", "notes/today.md", "--json"], environment, "# Today\n\nThe fog lifted at noon.");
    expect(JSON.parse(piped.stdout)).toMatchObject({ path: "uploads/notes/today.md", outcome: "added" });
    expect((await runRag(["upload", "-"], environment, "x")).exitCode).toBe(2);
    expect((await rag("documents", "delete", "uploads/notes/today.md")).exitCode).toBe(2);
    expect((await rag("documents", "show", "uploads/notes/today.md")).exitCode).toBe(0);
    expect(await rag("documents", "delete", "uploads/notes/today.md", "uploads/boat.md", "--yes")).toMatchObject({
      exitCode: 0,
      stdout: "uploads/notes/today.md: deleted with 1 chunk\nuploads/boat.md: deleted with 1 chunk\n",
    });
    expect((await rag("documents", "show", "uploads/notes/today.md")).exitCode).toBe(4);
  });
});

describe("rag ingest", () => {
  it("tells how far it is beside, and what it came to; or the events", async () => {
    const { exitCode, stdout, stderr } = await rag("ingest");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^0 added, 0 changed, 0 removed, \d+ unchanged, 0 failed\n$/)]);
    expect(stderr).toMatch(/^Reading documents: \d+\/\d+ files\n/);
    expect(linesOf((await rag("ingest", "--json", "--quiet")).stdout).at(-1)).toMatchObject({ type: "done", job: { state: "succeeded" } });
    const { stdout: id } = await rag("ingest", "--no-wait");
    expect(await rag("ingest", "--job", id.trim())).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("unchanged") });
    expect((await rag("ingest", "--job", "00000000-0000-4000-8000-000000000000")).exitCode).toBe(4);
  });

  it("has a bar at a terminal", async () => {
    expect((await startRagAtTerminal(["ingest"], environment, "").result).stdout).toMatch(/Reading documents .*█/);
  });
});

describe("rag status and admin", () => {
  it("tells how the server is, with a credential in detail", async () => {
    const { exitCode, stdout } = await rag("status");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(new RegExp(`^${server.address} is healthy\n {2}postgres +healthy, pglite`))]);
    expect(stdout).toMatch(/\d+ documents in \d+ chunks/);
    expect(stdout).toMatch(/\nlast ingestion: succeeded at 20\S+Z: \d+ added, 0 changed/);
    const stranger = await runRag(["status", "--json"], { RAG_URL: server.address, DATA_DIR: folder.path, HOME: folder.path });
    expect(JSON.parse(stranger.stdout)).toMatchObject({ health: { status: "healthy" }, statistics: null, ingestions: null });
  });

  it("administers users, whose password is piped in", async () => {
    const create = ["admin", "users", "create", "eve", "--email", "eve@example.org"];
    const created = await runRag([...create, "--json"], environment, "a password of eve\n");
    expect([created.exitCode, created.stderr]).toEqual([0, ""]);
    const { id } = JSON.parse(created.stdout);
    const asEve = { RAG_URL: server.address, RAG_USER: "eve", RAG_PASSWORD: "a password of eve" };
    expect((await runRag(["ask", QUESTION], asEve)).exitCode).toBe(0);
    expect((await runRag(["admin", "stats"], asEve)).exitCode).toBe(3);
    expect((await rag("admin", "users", "disable", id, "--yes")).exitCode).toBe(0);
    expect((await rag("admin", "users", "list")).stdout).toMatch(/eve +eve@example\.org +user +disabled /);
    expect((await runRag(create, environment, "")).exitCode).toBe(2);
  });

  it("administers keys, and prints a new one alone", async () => {
    const created = await rag("admin", "keys", "create", "reader", "--allow", "chat.ask", "--path", "visitors/", "--per-minute", "100");
    expect([created.exitCode, created.stdout]).toEqual([0, expect.stringMatching(/^\S+\n$/)]);
    const asReader = { RAG_URL: server.address, RAG_API_KEY: created.stdout.trim() };
    expect((await runRag(["ask", QUESTION], asReader)).exitCode).toBe(7);
    expect((await runRag(["documents", "list"], asReader)).exitCode).toBe(3);
    const { id } = JSON.parse((await rag("admin", "keys", "list", "--json")).stdout)[0];
    expect((await rag("admin", "keys", "revoke", id, "--yes")).exitCode).toBe(0);
    expect((await rag("admin", "keys", "list")).stdout).toMatch(/reader .*chat\.ask +visitors\/ +revoked /);
  });

  it("does by hand what else happens by itself", async () => {
    expect((await rag("admin", "stats")).stdout).toMatch(/^documents +\d+\n/);
    expect((await rag("admin", "index")).stdout).toContain("of the search index");
    expect((await rag("admin", "breaker", "reset")).stdout).toContain("CLOSED");
    expect((await rag("admin", "cache", "clear")).stdout).toMatch(/^\d+ answers forgotten\n$/);
    expect((await rag("admin", "doctor")).stdout).toContain("all stores agree");
    expect((await rag("doctor", "--json")).exitCode).toBe(0);
    // There is no model for vectors here.
    expect((await rag("admin", "reindex")).exitCode).toBe(1);
  });
});

describe("rag snapshot", () => {
  it("writes a file and tells its hash, for administrators", async () => {
    const out = join(folder.path, "snapshot");
    const { exitCode, stdout } = await rag("snapshot", "--out", out, "--json");
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, { out, sizeBytes: (await stat(out)).size, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    const { apiKey } = await server.secrets();
    const refused = await runRag(["snapshot", "--out", out], { RAG_URL: server.address, RAG_API_KEY: apiKey });
    expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringMatching(/, request \S+\)\n$/)]);
    expect((await rag("snapshot", "--out", join(folder.path, "nowhere", "snapshot"))).exitCode).toBe(1);
    expect((await rag("snapshot", "--out", out, "--url", "http://127.0.0.1:1")).exitCode).toBe(5);
    expect((await rag("snapshot")).exitCode).toBe(2);
  });
});

describe("rag eval", () => {
  it("measures the answers to the example questions, and fails below a minimum", async () => {
    const file = join(EXAMPLES, "evaluation.jsonl");
    const passed = await rag("eval", file, "--min-recall", "0.9", "--min-quotes", "0.9", "--min-answered", "0.9", "--min-refusals", "1");
    expect([passed.exitCode, passed.stdout]).toEqual([0, expect.stringMatching(/recall of the best 5 passages +\d\.\d{3} {2}reaches 0\.9\n/)]);
    const wrong = '{"question": "Who designed the tower?", "documents": ["handbook/lamp.md"], "quote": "nobody"}\n';
    const failed = await runRag(["eval", "-", "--json", "--min-quotes", "0.5", "--limit", "1"], environment, wrong);
    expect([failed.exitCode, JSON.parse(failed.stdout)]).toEqual([
      1,
      expect.objectContaining({ limit: 1, missed: ["quotes"], measures: expect.objectContaining({ quotes: 0, recall: 0, answered: 1 }) }),
    ]);
    expect(await runRag(["eval", "-"], environment, "nonsense")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Line 1") });
  });

  it("leaves no conversations behind", async () => {
    const { apiKey } = await server.secrets();
    const count = async () => (await (await fetch(`${server.address}/sessions`, { headers: { "x-api-key": apiKey } })).json()).sessions.length;
    const before = await count();
    await runRag(["eval", "-"], environment, `{"question": "${QUESTION}"}`);
    expect(await count()).toBe(before);
  });
});

describe("the end of the command", () => {
  it("is 3 for a wrong key, 4 for an unknown id, 5 for no server, in one line without any secret", async () => {
    const wrong = await runRag(["ask", QUESTION], { RAG_URL: server.address, RAG_API_KEY: "a-wrong-key" });
    expect(wrong).toEqual({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringMatching(/^The API key is not valid\. \(unauthenticated, request [^\n]+\)\n$/),
    });
    expect((await rag("documents", "show", "doc_000000000000000000000000")).exitCode).toBe(4);
    const away = await rag("ask", QUESTION, "--url", "http://127.0.0.1:1");
    expect(away).toMatchObject({ exitCode: 5, stderr: expect.stringMatching(/^No server answers at http:\/\/127\.0\.0\.1:1 [^\n]*\n$/) });
    expect((await rag("status", "--url", "http://127.0.0.1:1", "--verbose")).stderr).toContain("\ncause: ");
    expect((await runRag(["doctor"], { RAG_URL: server.address, HOME: folder.path, DATA_DIR: folder.path })).exitCode).toBe(3);
  });

  it("is 2 for a wrong usage", async () => {
    for (const args of [[], ["nonsense"], ["ask"], ["ask", "x", "--nonsense"], ["admin"], ["admin", "nonsense"], ["search", "x", "--limit", "0"]])
      expect([args, (await rag(...args)).exitCode]).toEqual([args, 2]);
    expect((await rag("ask", "x", "--url", "nonsense")).exitCode).toBe(2);
    expect((await rag("ask", "x", "--url", server.address, "--profile", "y")).exitCode).toBe(2);
  });

  it("is no failure when whoever reads has seen enough", async () => {
    const { exitCode, stdout, stderr } = await runInShell(`rag documents list --json | head -1; echo "\${PIPESTATUS[0]}"`, environment);
    expect([exitCode, stderr, stdout]).toEqual([0, "", expect.stringMatching(/^\{[^\n]*\}\n0\n$/)]);
    // Gone before anything is written.
    const asked = await runInShell(`rag ask "${QUESTION}" | true; echo "\${PIPESTATUS[0]}"`, environment);
    expect(asked).toEqual({ exitCode: 0, stdout: "0\n", stderr: "" });
  });

  it("is help for every command", async () => {
    const commands = [
      "ask",
      "chat",
      "search",
      "eval",
      "documents list",
      "upload",
      "ingest",
      "status",
      "admin keys create",
      "profile add",
      "completion",
    ];
    for (const command of commands) {
      const { exitCode, stdout } = await rag(...command.split(" "), "--help");
      expect([command, exitCode, stdout]).toEqual([command, 0, expect.stringContaining(`Usage: rag ${command}`)]);
    }
  });
});

describe("colours", () => {
  it("are for terminals, and not for those who want none", async () => {
    const coloured = await startRagAtTerminal(["ask", QUESTION], environment, "").result;
    expect(coloured.stdout).toContain("\u001b[1m[1]\u001b[22m");
    const plain = await startRagAtTerminal(["ask", QUESTION], { ...environment, NO_COLOR: "1" }, "").result;
    expect([plain.stdout.includes("[1] handbook/"), plain.stdout.includes("\u001b[1m")]).toEqual([true, false]);
  });
});

describe("profiles", () => {
  it("keep servers and their credentials, for their owner alone, and are used when nothing else says which server is meant", async () => {
    const { apiKey, adminPassword } = await server.secrets();
    const bare = { XDG_CONFIG_HOME: join(folder.path, "config"), DATA_DIR: folder.path };
    const add = ["profile", "add", "home", "--url", server.address];
    const added = [await runRag(add, bare, `${apiKey}\n`), await runRag([...add, "--user", "admin"], bare, adminPassword)];
    expect(added.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect((await stat(join(folder.path, "config/rag/config.json"))).mode & 0o777).toBe(0o600);
    const listed = await runRag(["profile", "list"], bare);
    expect(listed.stdout).toBe(`*  home  ${server.address}  API key, user admin\n`);
    for (const { stdout, stderr } of [...added, listed])
      expect([apiKey, adminPassword].filter((secret) => `${stdout}${stderr}`.includes(secret))).toEqual([]);
    expect((await runRag(["ask", QUESTION], bare)).exitCode).toBe(0);
    expect((await runRag(["doctor", "--profile", "home"], { ...bare, RAG_API_KEY: "another" })).exitCode).toBe(0);
    expect((await runRag(["profile", "use", "work"], bare)).exitCode).toBe(4);
    expect((await runRag(["ask", QUESTION, "--profile", "work"], bare)).exitCode).toBe(4);
  });
});

describe("completion", () => {
  it.each([
    ["rag adm", 1, "admin"],
    ["rag admin ", 2, "keys"],
    ["rag documents del", 2, "delete"],
    ["rag ask --no", 2, "--no-stream"],
  ])("of %j has its candidate, once bash has read the script", async (line, word, candidate) => {
    const complete = `eval "$(rag completion bash)"; COMP_LINE='${line}'; IFS=' ' read -ra COMP_WORDS <<< "$COMP_LINE"; [ ${word} -lt \${#COMP_WORDS[@]} ] || COMP_WORDS+=(''); COMP_CWORD=${word}; __rag_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect((await runInShell(complete, environment)).stdout.split("\n")).toContain(candidate);
  });

  it("runs nothing of what was typed", async () => {
    const file = join(folder.path, "made-by-completion");
    const complete = `eval "$(rag completion bash)"; COMP_WORDS=(rag ask '$(touch ${file})' ''); COMP_CWORD=3; __rag_complete`;
    expect((await runInShell(complete, environment)).exitCode).toBe(0);
    await expect(stat(file)).rejects.toThrow("ENOENT");
  });

  it("is there for zsh and fish too", async () => {
    for (const shell of ["zsh", "fish"])
      expect(await rag("completion", shell)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("complete --") });
    expect((await rag("completion", "tcsh")).exitCode).toBe(2);
  });
});

describe("Ctrl-C", () => {
  let llm: FakeLlmServer;
  let slow: RunningServer;
  let settings: Record<string, string>;
  beforeAll(async () => {
    llm = await startFakeLlmServer();
    const docs = join(folder.path, "docs");
    await mkdir(docs);
    await writeFile(join(docs, "owl.md"), "# The owl\n\nThe owl sleeps in the barn until dusk.");
    slow = await startServer({ DATA_DIR: join(folder.path, "slow"), DOCS_DIR: docs, LLM_BASE_URL: llm.baseUrl, LLM_MODEL: "test-model" });
    settings = { RAG_URL: slow.address, DATA_DIR: join(folder.path, "slow") };
    llm.behave("stalls mid-answer");
  });
  afterAll(async () => {
    await slow.stop();
    await llm.close();
  });

  it("stops an answer that is being written, at the server too, and ends with 130", async () => {
    const asking = startRag(["ask", "Where does the owl sleep?"], settings);
    await asking.said("owl");
    asking.process.kill("SIGINT");
    expect(await asking.result).toMatchObject({ exitCode: 130, stderr: "" });
    await llm.clientGone;
  });

  it("leaves an ingestion to the server, and says how to follow it", async () => {
    const many = Array.from({ length: 300 }, (_, at) =>
      writeFile(join(folder.path, "docs", `${at}.md`), `# Note ${at}\n\nOwl ${at} sleeps in barn ${at}.`),
    );
    await Promise.all(many);
    const ingesting = startRag(["ingest"], settings);
    await ingesting.said("Reading documents");
    ingesting.process.kill("SIGINT");
    const { exitCode, stdout, stderr } = await ingesting.result;
    expect([exitCode, stdout]).toEqual([130, ""]);
    const [, id = ""] = /goes on with it; "rag ingest --job (\S+)"/.exec(stderr) ?? [];
    expect((await runRag(["ingest", "--job", id], settings)).stdout).toBe("300 added, 0 changed, 0 removed, 1 unchanged, 0 failed\n");
  });

  it("stops the answer alone in a conversation", async () => {
    const chat = startRagAtTerminal(["chat"], settings);
    await chat.said("> ");
    chat.process.stdin?.write("Where does the owl sleep?\r");
    await chat.said("owl –");
    chat.process.stdin?.write("\u0003");
    await chat.said("aborted");
    llm.behave("answers");
    chat.process.stdin?.write("Where does the owl sleep?\r");
    await chat.said("sleeps");
    chat.process.stdin?.write("/quit\r");
    expect((await chat.result).exitCode).toBe(0);
  });
});
