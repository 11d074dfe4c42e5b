import { describe, expect, it } from "vitest";
import { extractRunbook } from "./blocks.ts";
import { createRunbookShell, type ExecuteBlock, runRunbook } from "./run.ts";

const fence = (language: string, ...lines: string[]): string => [`\`\`\`${language}`, ...lines, "```"].join("\n");

describe("the blocks of a runbook", () => {
  it("are found with their sections and lines, and where they run", () => {
    const markdown = [
      "# Runbook",
      "## First",
      fence("sh", "one", "two"),
      "### Deeper",
      "<!-- runbook: stack; may find nothing -->",
      fence("sh", "three"),
      "## Second",
      "<!-- runbook: by hand, it logs in elsewhere -->",
      fence("sh", "ssh there"),
      "<!-- runbook: stack -->",
      fence("powershell", "four"),
      fence("ini", "no = command"),
    ].join("\n");
    const found = extractRunbook(markdown).map(({ line, section, script, runs, mayFindNothing }) => [
      line,
      section.join("/"),
      script,
      runs,
      mayFindNothing,
    ]);
    expect(found).toEqual([
      [3, "Runbook/First", "one\ntwo", { where: "server" }, false],
      [9, "Runbook/First/Deeper", "three", { where: "stack" }, true],
      [14, "Runbook/Second", "ssh there", { byHand: "it logs in elsewhere" }, false],
      [18, "Runbook/Second", "four", { where: "stack" }, false],
    ]);
  });

  it.each([
    ["a marker that is none", `<!-- runbook: sometimes -->\n${fence("sh", "x")}`, "line 1 of the runbook"],
    ["a reason that is none", `<!-- runbook: by hand,  -->\n${fence("sh", "x")}`, "is no marker"],
    ["a marker before nothing", `<!-- runbook: stack -->\ntext\n${fence("sh", "x")}`, "right before its block"],
    ["a marker before what is no command", `<!-- runbook: stack -->\n${fence("ini", "x")}`, "right before its block"],
    ["PowerShell without a marker", fence("powershell", "x"), "needs a marker"],
    ["a language that would not be found", fence("bash", "x"), "not bash"],
    ["a block without an end", "```sh\nx", "is not closed"],
  ])("are refused for %s", (_, markdown, message) => {
    expect(() => extractRunbook(markdown)).toThrow(message);
  });
});

describe("running them", () => {
  const markdown = [
    fence("sh", "GREETING=hello", 'greet() { echo "$GREETING $1"; }'),
    fence("sh", "greet you"),
    "<!-- runbook: may find nothing -->",
    fence("sh", "greet you | grep nobody"),
    "<!-- runbook: stack -->",
    fence("sh", "false"),
    "<!-- runbook: by hand, it would never end -->",
    fence("sh", "sleep infinity"),
  ].join("\n");

  it("keeps what one sets for the next, and leaves out what is for elsewhere or for a person", async () => {
    const shell = createRunbookShell({ cwd: "/", environment: {} });
    const { ran, elsewhere, byHand } = await runRunbook({ markdown, place: "server", execute: shell.execute });
    shell.close();
    expect(ran.map(({ result }) => [result.exitCode, result.output])).toEqual([
      [0, ""],
      [0, "hello you\n"],
      [1, ""],
    ]);
    expect([elsewhere.length, byHand.length]).toEqual([1, 1]);
  });

  it("stops at the first that fails, with what it said and where it stands", async () => {
    const shell = createRunbookShell({ cwd: "/", environment: {} });
    await expect(runRunbook({ markdown, place: "stack", execute: shell.execute })).rejects.toThrow(/line 13\) with exit code 1:\nfalse/);
    const failing = ["# A", "## B", fence("sh", "echo why >&2", "echo x | grep y | cat", "echo never")].join("\n");
    await expect(runRunbook({ markdown: failing, place: "server", execute: shell.execute })).rejects.toThrow(/A › B, line 3[\s\S]*\nwhy\n$/);
    shell.close();
  });

  it("takes an exit code of 1 for nothing found only where that may be, and no other one", async () => {
    const ending =
      (exitCode: number): ExecuteBlock =>
      () =>
        Promise.resolve({ exitCode, output: "", durationMs: 0 });
    const looking = `<!-- runbook: may find nothing -->\n${fence("sh", "x")}`;
    await expect(runRunbook({ markdown: looking, place: "server", execute: ending(2) })).rejects.toThrow("exit code 2");
    await expect(runRunbook({ markdown: fence("sh", "x"), place: "server", execute: ending(1) })).rejects.toThrow("exit code 1");
  });
});
