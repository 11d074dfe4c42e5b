/** The commands of the runbook: its fenced blocks, and where each of them can run by itself. */

/** What of the runbook's surroundings there is: a server alone, or the whole stack of containers. */
export type RunbookPlace = "server" | "stack";

export interface RunbookBlock {
  /** Of the fence, counted from 1. */
  readonly line: number;
  /** The headings above, outermost first. */
  readonly section: readonly string[];
  readonly language: "sh" | "powershell";
  readonly script: string;
  /** Where it runs by itself: against a server alone, which a stack has too, or in the stack; or not at all, and why not. */
  readonly runs: { readonly where: RunbookPlace } | { readonly byHand: string };
  /** Its last command looks for something that need not be there: ending with 1 is no failure then. */
  readonly mayFindNothing: boolean;
}

const FENCE = /^```(\w+)\s*$/;
const HEADING = /^(#+) (.+)$/;
const MARKER = /^<!-- runbook: (.+) -->$/;
const LANGUAGES: Readonly<Record<string, RunbookBlock["language"]>> = { sh: "sh", powershell: "powershell" };

/**
 * Finds every block of commands. A line before the fence may say more of it:
 *
 * - `<!-- runbook: stack -->`: it needs the stack of `docker-compose.prod.yml`;
 * - `<!-- runbook: by hand, it logs in to another machine -->`: nobody can run it unattended, for this reason;
 * - `<!-- runbook: may find nothing -->`, `<!-- runbook: stack; may find nothing -->`: see {@link RunbookBlock.mayFindNothing}.
 *
 * Without one, a server at `http://localhost:8000` is all that it needs. PowerShell always has one.
 *
 * @throws RangeError with the line, for a marker that is none of these or stands before nothing, for a block that is not closed, and for
 * `bash` or `shell` as its language, which would not be found.
 */
export function extractRunbook(markdown: string): readonly RunbookBlock[] {
  const blocks: RunbookBlock[] = [];
  const section: string[] = [];
  const lines = markdown.split(/\r?\n/);
  let marker: { readonly text: string; readonly line: number } | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line.trim())?.[1];
    const [, marked] = MARKER.exec(line.trim()) ?? [];
    if (marker !== undefined && (fence === undefined || LANGUAGES[fence] === undefined))
      throw problem(marker.line, "a marker stands right before its block");
    if (marked !== undefined) marker = { text: marked, line: at + 1 };
    if (fence !== undefined) {
      const end = lines.findIndex((other, index) => index > at && other.trim() === "```");
      if (end < 0) throw problem(at + 1, "the block is not closed");
      if (/^(bash|shell|zsh|console)$/.test(fence)) throw problem(at + 1, `commands stand in blocks of sh or powershell, not ${fence}`);
      const language = LANGUAGES[fence];
      if (language !== undefined) {
        const script = lines.slice(at + 1, end).join("\n");
        blocks.push({ line: at + 1, section: [...section], language, script, ...parseMarker(marker, language, at + 1) });
      }
      marker = undefined;
      at = end;
      continue;
    }
    const [, hashes, title] = HEADING.exec(line) ?? [];
    if (hashes !== undefined && title !== undefined) section.splice(Math.max(0, hashes.length - 1), section.length, title);
  }
  return blocks;
}

function parseMarker(
  marker: { readonly text: string; readonly line: number } | undefined,
  language: RunbookBlock["language"],
  line: number,
): Pick<RunbookBlock, "runs" | "mayFindNothing"> {
  if (marker === undefined) {
    if (language === "powershell") throw problem(line, "PowerShell needs a marker");
    return { runs: { where: "server" }, mayFindNothing: false };
  }
  const [, reason] = /^by hand, (.*\w{3}.*)$/.exec(marker.text) ?? [];
  if (reason !== undefined) return { runs: { byHand: reason }, mayFindNothing: false };
  const words = marker.text.split("; ");
  if (new Set(words).size < words.length || words.some((word) => word !== "stack" && word !== "may find nothing"))
    throw problem(marker.line, `"${marker.text}" is no marker`);
  return { runs: { where: words.includes("stack") ? "stack" : "server" }, mayFindNothing: words.includes("may find nothing") };
}

const problem = (line: number, message: string): RangeError => new RangeError(`line ${line} of the runbook: ${message}`);
