/** The queries that panels are made of. */
import type { Query } from "./panel.ts";

export const OURS = 'job="rag", instance=~"$instance"';
/** Without what probes and Prometheus ask. */
export const ASKED = `${OURS}, route!~"/health.*|/metrics"`;
export const rate = (metric: string, labels = OURS): string => `rate(${metric}{${labels}}[$__rate_interval])`;
export const gauge = (metric: string, labels = OURS): string => `${metric}{${labels}}`;

export const query = (expression: string, legend: string): Query => ({ expression, legend });

/** One line for each value of the label. */
export const by = (label: string, expression: string): readonly Query[] => [query(`sum by (${label}) (${expression})`, `{{${label}}}`)];

/** The quantiles of a histogram; of which label there are lines, if of any. */
export function quantiles(metric: string, shares: readonly number[], labels = OURS, label?: string): readonly Query[] {
  const groups = label === undefined ? "le" : `le, ${label}`;
  return shares.map((share) =>
    query(
      `histogram_quantile(${share}, sum by (${groups}) (${rate(`${metric}_bucket`, labels)}))`,
      label === undefined ? `p${share * 100}` : `{{${label}}}${shares.length > 1 ? ` p${share * 100}` : ""}`,
    ),
  );
}

/** How large a part is of a whole, 0 without either. */
export const share = (part: string, whole: string): string => `(sum(${part}) or vector(0)) / clamp_min(sum(${whole}), 1e-9)`;
