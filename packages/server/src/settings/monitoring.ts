/** Settings of what is told about a running server: its metrics, and traces of questions. */
import { addressRanges } from "./address-ranges.ts";
import { optional, optionalUrl, type Parsed, type Setting, text } from "./kinds.ts";
import { secretProblem } from "./secret-problem.ts";

/** As OpenTelemetry has them: `name=value` pairs, the value as in an address. */
const headers = (description: string, fallback: string): Setting<Readonly<Record<string, string>>> => ({
  description,
  fallback,
  secret: true,
  parse: (raw) =>
    Object.fromEntries(
      (raw ?? "").split(",").flatMap((pair) => {
        if (pair.trim() === "") return [];
        const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(pair) ?? [];
        if (name === undefined || value === undefined) throw new Error("must be pairs such as api-key=secret, separated by commas");
        try {
          return [[name, decodeURIComponent(value.trim())]];
        } catch {
          throw new Error(`has a value for ${name} that is not encoded as in an address`);
        }
      }),
    ),
});

export const MONITORING_SETTINGS = {
  METRICS_ALLOW_FROM: addressRanges(
    "Addresses and ranges from which `GET /metrics` needs no credential, separated by commas, or `none`.",
    "127.0.0.0/8, ::1",
  ),
  METRICS_USERNAME: optional("User who may read `GET /metrics` from anywhere, by HTTP Basic; with `METRICS_PASSWORD`.", "none"),
  METRICS_PASSWORD: optional("Password of `METRICS_USERNAME`.", "none", true),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalUrl(
    "A collector that takes traces of questions by OTLP over HTTP, as `http://host:4318`; `/v1/traces` is added.",
    "none: nothing is traced",
  ),
  OTEL_EXPORTER_OTLP_HEADERS: headers("Headers for the collector, as `name=value` separated by commas.", "none"),
  OTEL_SERVICE_NAME: text("Name of this server in traces.", "rag-personal"),
} as const satisfies Record<string, Setting<unknown>>;

/** What is wrong with the credential for metrics; undefined when nothing. In production a weak password is. */
export function metricsProblem(
  { METRICS_USERNAME, METRICS_PASSWORD }: Pick<Parsed<typeof MONITORING_SETTINGS>, "METRICS_USERNAME" | "METRICS_PASSWORD">,
  { isProduction }: { readonly isProduction: boolean },
): string | undefined {
  if ((METRICS_USERNAME === undefined) !== (METRICS_PASSWORD === undefined))
    return "METRICS_USERNAME and METRICS_PASSWORD belong together; set both or neither";
  return isProduction && METRICS_PASSWORD !== undefined ? secretProblem("METRICS_PASSWORD", METRICS_PASSWORD) : undefined;
}
