/** The kinds of settings: how each is read from a variable, and what it says of a value that it cannot use. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting<T> {
  readonly description: string;
  /** What stands in the documentation as the default. */
  readonly fallback: string;
  readonly parse: (raw: string | undefined) => T;
  readonly secret?: true;
}

export const text = (description: string, fallback: string): Setting<string> => ({
  description,
  fallback,
  parse: (raw) => (raw === undefined || raw === "" ? fallback : raw),
});

export const optional = (description: string, fallback: string, secret?: true): Setting<string | undefined> => ({
  description,
  fallback,
  parse: (raw) => (raw === "" ? undefined : raw),
  ...(secret === undefined ? {} : { secret }),
});

export const integer = (description: string, fallback: number, minimum: number, maximum: number): Setting<number> => ({
  description,
  fallback: String(fallback),
  parse: (raw) => {
    if (raw === undefined || raw === "") return fallback;
    const value = Number(raw);
    if (!/^\d+$/.test(raw) || value < minimum || value > maximum) {
      throw new Error(`must be a whole number from ${minimum} to ${maximum}, not "${raw}"`);
    }
    return value;
  },
});

export const oneOf = <const T extends string>(description: string, values: readonly [T, ...T[]]): Setting<T> => ({
  description: `${description} One of: ${values.join(", ")}.`,
  fallback: values[0],
  parse: (raw) => {
    if (raw === undefined || raw === "") return values[0];
    const found = values.find((value) => value === raw);
    if (found === undefined) throw new Error(`must be one of ${values.join(", ")}, not "${raw}"`);
    return found;
  },
});

export const list = (description: string, fallback: string): Setting<readonly string[]> => ({
  description,
  fallback,
  parse: (raw) => (raw ?? "").split(",").flatMap((entry) => (entry.trim() === "" ? [] : [entry.trim()])),
});

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/;

const MINUTES_OF_MOMENT = "2030-01-31T12:00".length;

/** A moment in UTC, as milliseconds since the epoch. */
export const moment = (description: string, fallback: string): Setting<number | undefined> => ({
  description,
  fallback,
  parse: (raw) => {
    if (raw === undefined || raw === "") return undefined;
    const atMs = MOMENT.test(raw) ? Date.parse(raw) : Number.NaN;
    // The 31st of February parses as the 3rd of March.
    if (Number.isNaN(atMs) || !new Date(atMs).toISOString().startsWith(raw.slice(0, MINUTES_OF_MOMENT)))
      throw new Error(`must be a moment in UTC such as 2030-01-31T12:00:00Z, not "${raw}"`);
    return atMs;
  },
});

function parseUrl(raw: string): string {
  if (!URL.canParse(raw) || !/^https?:$/.test(new URL(raw).protocol)) throw new Error("must be an http or https address");
  return raw.replace(/\/+$/, "");
}

export const url = (description: string, fallback: string): Setting<string> => ({
  description,
  fallback,
  parse: (raw) => (raw === undefined || raw === "" ? fallback : parseUrl(raw)),
});

export const optionalUrl = (description: string, fallback: string): Setting<string | undefined> => ({
  description,
  fallback,
  parse: (raw) => (raw === undefined || raw === "" ? undefined : parseUrl(raw)),
});

/** Origins as browsers send them: scheme, host and port, nothing behind. */
export const origins = (description: string, fallback: string): Setting<readonly string[]> => ({
  description,
  fallback,
  parse: (raw) =>
    (raw ?? "").split(",").flatMap((entry) => {
      const origin = entry.trim().replace(/\/$/, "");
      if (origin === "") return [];
      if (!URL.canParse(origin) || new URL(origin).origin !== origin.toLowerCase() || !/^https?:/i.test(origin))
        throw new Error(`must be origins such as https://app.example.org, separated by commas, not "${entry.trim()}"`);
      return [origin.toLowerCase()];
    }),
});

/** Spaces count: what a model was trained with ends in one. */
export const verbatim = (description: string, fallback: string): Setting<string> => ({ description, fallback, parse: (raw) => raw ?? "" });

/** Settings parsed, under their own names. */
export type Parsed<Settings extends Readonly<Record<string, Setting<unknown>>>> = {
  readonly [K in keyof Settings]: ReturnType<Settings[K]["parse"]>;
};

/** Reads every setting. @param problems gets a sentence for each that is wrong; the result is not to be used when there are any. */
export function parseSettings<Settings extends Readonly<Record<string, Setting<unknown>>>>(
  settings: Settings,
  environment: Environment,
  problems: string[],
): Parsed<Settings> {
  const parsed: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    try {
      parsed[name] = setting.parse(environment[name]);
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return parsed as Parsed<Settings>;
}
