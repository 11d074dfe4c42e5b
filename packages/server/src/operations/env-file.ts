/** A file of environment variables as Docker Compose reads it (`.env`), changed in place: comments, order and line ends stay. */

export interface EnvFile {
  /** As it is written, quotes included; undefined where there is no such line, "" where it is empty. */
  get(name: string): string | undefined;
  /** Replaces the value of its line, or adds a line after that of another variable (else at the end). @param raw as it is to be written. */
  set(name: string, raw: string, after?: string): void;
  text(): string;
}

/** Up to the equals sign, with the name, and what follows. */
const ASSIGNMENT = /^(\s*(?:export\s+)?)([A-Za-z_]\w*)(\s*=)(.*)$/;
/** The space before a value, the value, and the comment behind it, which wants a space before it. */
const VALUE = /^(\s*)("(?:[^"\\]|\\.)*"|'[^']*'|(?!#).*?|(?<!\s)#.*)(\s+#.*|\s*)$/;

interface Line {
  /** Undefined for a line that assigns nothing. */
  readonly name: string | undefined;
  readonly before: string;
  readonly value: string;
  readonly behind: string;
}

function parseLine(line: string): Line {
  const [, start = "", name, equals = "", rest = ""] = ASSIGNMENT.exec(line) ?? [];
  if (name === undefined) return { name, before: line, value: "", behind: "" };
  const [, space = "", value = rest, behind = ""] = VALUE.exec(rest) ?? [];
  return { name, before: `${start}${name}${equals}${space}`, value, behind };
}

/** @throws RangeError for a variable that is set twice: which one counts, nobody sees. Told when it is read or set. */
export function parseEnvFile(text: string): EnvFile {
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(/\r?\n/).map(parseLine);

  function indexOf(name: string): number {
    const found = lines.flatMap((line, at) => (line.name === name ? [at] : []));
    if (found.length > 1)
      throw new RangeError(`${name} is set ${found.length} times, in lines ${found.map((at) => at + 1).join(", ")}; leave one of them`);
    return found[0] ?? -1;
  }

  return {
    get: (name) => lines[indexOf(name)]?.value,
    set(name, raw, after) {
      const at = indexOf(name);
      const line = lines[at];
      if (line !== undefined) {
        lines[at] = { ...line, value: raw };
        return;
      }
      const behind = after === undefined ? -1 : indexOf(after);
      // The text behind the last line end is a line without an end, usually an empty one.
      const isOpen = lines.at(-1)?.before !== "";
      const place = behind >= 0 ? behind + 1 : isOpen ? lines.length : lines.length - 1;
      lines.splice(place, 0, { name, before: `${name}=`, value: raw, behind: "" });
    },
    text: () => lines.map(({ before, value, behind }) => `${before}${value}${behind}`).join(lineEnd),
  };
}
